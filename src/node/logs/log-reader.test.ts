import { expect, test } from 'vitest';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import { MemoryFiles } from '../host/simulated/memory-files.ts';
import { parseLogOptions } from './log-options.ts';
import { readLog } from './log-reader.ts';

const path = '/logs/0.log';

async function world() {
  const environment = new VirtualEnvironment(1);
  const files = new MemoryFiles(environment);
  await files.makeDirectory('/logs');
  const state = { running: true };
  const write = (text: string, tag = 'F', second = 0) =>
    files.append(path, `2026-01-01T00:00:${String(second).padStart(2, '0')}.000000001Z stdout ${tag} ${text}\n`);
  const open = (query = '', signal = new AbortController().signal) => {
    const options = parseLogOptions(new URLSearchParams(query), environment.now());
    if (options === undefined) throw new Error(`bad options ${query}`);
    return readLog({ files, environment, path, options, isRunning: () => state.running, signal });
  };
  const read = async (query = '') => {
    let text = '';
    for await (const chunk of open(query)) text += new TextDecoder().decode(chunk);
    return text;
  };
  return { environment, files, state, write, open, read };
}

test('prints lines, the last ones, with their times, no more than so many bytes', async () => {
  const { write, read } = await world();
  for (let line = 1; line <= 5; line++) write(`line ${line}`, 'F', line);
  expect(await read()).toBe('line 1\nline 2\nline 3\nline 4\nline 5\n');
  expect(await read('tailLines=2')).toBe('line 4\nline 5\n');
  expect(await read('tailLines=0')).toBe('');
  expect(await read('tailLines=100')).toBe('line 1\nline 2\nline 3\nline 4\nline 5\n');
  expect(await read('tail=all&limitBytes=9')).toBe('line 1\nli');
  expect(await read('tailLines=1&timestamps=true')).toBe('2026-01-01T00:00:05.000000001Z line 5\n');
  expect(await read('sinceTime=2026-01-01T00:00:04Z')).toBe('line 4\nline 5\n');
});

test('joins what the runtime wrote in parts', async () => {
  const { write, read } = await world();
  write('one ', 'P');
  write('two', 'P');
  write('', 'F');
  write('next');
  expect(await read('timestamps=true')).toBe(
    '2026-01-01T00:00:00.000000001Z one two\n2026-01-01T00:00:00.000000001Z next\n',
  );
});

test('finds the last lines of a log that is longer than one read', async () => {
  const { write, read } = await world();
  for (let line = 0; line < 3000; line++) write(`line ${line} ${'x'.repeat(50)}`);
  const tail = await read('tailLines=2000');
  expect(tail.split('\n')).toHaveLength(2001);
  expect(tail).toMatch(/^line 1000 /);
});

test('follows until the container has ended and all it wrote is told', async () => {
  const { environment, state, write, open } = await world();
  write('first');
  let text = '';
  const following = (async () => {
    for await (const chunk of open('follow=true')) text += new TextDecoder().decode(chunk);
  })();
  await environment.advance(100);
  expect(text).toBe('first\n');
  await environment.advance(10_000);
  write('second');
  await environment.advance(1000);
  expect(text).toBe('first\nsecond\n');
  write('last');
  state.running = false;
  await environment.advance(1000);
  await following;
  expect(text).toBe('first\nsecond\nlast\n');
});

test('follows through a rotation and loses nothing', async () => {
  const { environment, files, state, write, open } = await world();
  let text = '';
  write('one');
  const following = (async () => {
    for await (const chunk of open('follow=true')) text += new TextDecoder().decode(chunk);
  })();
  await environment.advance(1000);
  write('two');
  await files.rename(path, `${path}.20260101-000001`);
  write('three');
  await environment.advance(1000);
  expect(text).toBe('one\ntwo\nthree\n');
  state.running = false;
  await environment.advance(1000);
  await following;
});

test.each(['', 'follow=true'])('a slow reader loses nothing and sees nothing twice (%s)', async (query) => {
  const { environment, files, state, write, open } = await world();
  const long = 'x'.repeat(2000);
  for (let line = 0; line < 100; line++) write(`${line} ${long}`);
  const reader = open(query);
  let text = '';
  const take = async (chunks: number) => {
    for (let taken = 0; taken < chunks; taken++) {
      const { value, done } = await reader.next();
      if (done === true) return;
      text += new TextDecoder().decode(value);
    }
  };
  await take(10);
  for (const [second, first] of [100, 200].entries()) {
    await files.rename(path, `${path}.20260101-00000${second}`);
    for (let line = first; line < first + 100; line++) write(`${line} ${long}`);
  }
  state.running = false;
  await Promise.all([take(1000), environment.advance(10_000)]);
  const lines = text.trimEnd().split('\n');
  const seen = query === '' ? 100 : 300;
  expect(lines.map((line) => line.split(' ')[0])).toEqual(Array.from({ length: seen }, (_, line) => String(line)));
});

test('a follower that goes away ends', async () => {
  const { environment, open, write } = await world();
  write('one');
  const aborter = new AbortController();
  const following = (async () => {
    for await (const _ of open('follow=1', aborter.signal));
  })();
  await environment.advance(1000);
  aborter.abort();
  await environment.settle();
  await following;
});

test.each([
  'tailLines=-1',
  'tailLines=x',
  'limitBytes=0',
  'sinceSeconds=0',
  'sinceTime=yesterday',
  'sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z',
])('refuses %s', (query) => {
  expect(parseLogOptions(new URLSearchParams(query), 0)).toBeUndefined();
});
