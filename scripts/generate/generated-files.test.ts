import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { generatedFiles } from './generated-files.ts';

const folder = new URL('../../src/resources/schema/', import.meta.url);

test('the committed generated files are what the facts give; run `node scripts/generate/main.ts` when they are not', () => {
  const expected = generatedFiles();
  const committed = readdirSync(folder).filter((name) => name.endsWith('.generated.ts'));
  expect(committed.sort()).toEqual([...expected.keys()].sort());
  for (const [name, text] of expected) expect(readFileSync(new URL(name, folder), 'utf8') === text, name).toBe(true);
});
