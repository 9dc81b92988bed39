import { expect, test } from 'vitest';
import { expand } from './expand.ts';

const known: Readonly<Record<string, string>> = { A: 'one', B: '$(A)', EMPTY: '' };
const lookup = (name: string) => known[name];

test.each([
  ['plain', 'plain'],
  ['$(A)', 'one'],
  ['x$(A)y$(A)', 'xoneyone'],
  ['$(B)', '$(A)'],
  ['$(EMPTY)', ''],
  ['$(NOT)', '$(NOT)'],
  ['$$(A)', '$(A)'],
  ['$$$(A)', '$one'],
  ['$A', '$A'],
  ['end$', 'end$'],
  ['$(open', '$(open'],
  ['$()', '$()'],
  ['$$', '$'],
])('%s becomes %s', (text, expected) => {
  expect(expand(text, lookup)).toBe(expected);
});
