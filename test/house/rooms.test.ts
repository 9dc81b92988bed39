import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { type SourceFile, sourceFiles } from './source-files.ts';

/** Which rooms a room may import, beside itself. ARCHITECTURE.md gives the reasons. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  machinery: [],
  resources: ['machinery', 'wire/pki'],
  store: ['wire', 'machinery'],
  client: ['wire', 'machinery', 'resources'],
  apiserver: ['wire', 'machinery', 'resources', 'store', 'client'],
  controllers: ['machinery', 'resources', 'client', 'wire/pki'],
  scheduler: ['machinery', 'resources', 'client'],
  node: ['wire', 'machinery', 'resources', 'client'],
  network: ['wire', 'machinery', 'resources', 'client', 'node/host'],
  cluster: [
    'wire',
    'machinery',
    'resources',
    'store',
    'client',
    'apiserver',
    'controllers',
    'scheduler',
    'node',
    'network',
  ],
  cli: ['cluster', 'client', 'machinery'],
  index: ['cluster'],
  testing: ['cluster', 'client', 'machinery', 'resources'],
};

/** Tests may also build a whole cluster, and use the suites and helpers under test/. */
const testsMayImport = ['cluster'];

test('every room imports only the rooms it may', () => {
  const offences = sourceFiles('src').flatMap((file) =>
    importsOf(file).flatMap((target) => {
      const room = roomOf(file.path);
      const offence = offenceOf(room, file.path, target);
      return offence === undefined ? [] : [`${file.path} imports ${target}: ${offence}`];
    }),
  );
  expect(offences).toEqual([]);
});

function offenceOf(room: string, path: string, target: string): string | undefined {
  const allowed = mayImport[room];
  if (allowed === undefined)
    return `the room ${room}/ is not in the table; add it there and in ARCHITECTURE.md, or move the file`;
  const isTest = path.endsWith('.test.ts');
  if (!target.startsWith('src/')) {
    return isTest && target.startsWith('test/') ? undefined : 'code under src/ imports nothing outside it';
  }
  const targetRoom = roomOf(target);
  const targets = [...allowed, ...(isTest ? testsMayImport : [])];
  if (targetRoom === room || targets.some((each) => each === targetRoom || target.startsWith(`src/${each}/`)))
    return undefined;
  return `${room}/ may import ${allowed.join(', ') || 'no other room'}. Take what you need through a constructor from cluster/, or move it to a room below both`;
}

function importsOf(file: SourceFile): readonly string[] {
  const specifiers = file.text.matchAll(/(?:from|import\(|import)\s*['"](\.{1,2}\/[^'"]+)['"]/g);
  return [...specifiers].map((match) => join(dirname(file.path), match[1] ?? ''));
}

/** `src/store/sqlite/store.ts` is in `store`; a file directly under src/ is a room of its own name. */
function roomOf(path: string): string {
  return (path.split('/')[1] ?? '').replace(/\.ts$/, '');
}
