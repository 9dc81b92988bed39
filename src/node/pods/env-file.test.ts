import { expect, test } from 'vitest';
import { envFileValue } from './env-file.ts';

const file = `# made by init
A='one'
  B='two words' # and why

C='first
second'
D= 'empty'
E='$A "kept"'
`;

test.each([
  ['A', 'one'],
  ['B', 'two words'],
  ['C', 'first\nsecond'],
  ['D', ''],
  ['E', '$A "kept"'],
  ['F', undefined],
])('%s is %o', (name, value) => {
  expect(envFileValue(file, name)).toBe(value);
});

test.each([
  ['A', "at line 1: missing '='"],
  ["\nA ='x'", "at line 2: whitespace before '=' is not allowed"],
  ["='x'", 'at line 1: empty variable name'],
  ['A=x', 'at line 1: value must be enclosed in single quotes'],
  ["A='x", 'at line 1: unclosed single quote'],
  ["A='x' y", 'at line 1: unexpected content after closing quote'],
])('%j is refused', (text, why) => {
  expect(() => envFileValue(text, 'Z')).toThrow(why);
});
