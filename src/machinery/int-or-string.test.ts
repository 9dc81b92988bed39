import { expect, test } from 'vitest';
import { percentOf, scaledIntOrPercent } from './int-or-string.ts';

test.each([
  [3, 10, true, 3],
  ['25%', 10, true, 3],
  ['25%', 10, false, 2],
  ['100%', 7, false, 7],
  ['0%', 7, true, 0],
  ['-25%', 10, true, -2],
  ['-5%', 10, true, 0],
])('%s of %i, up: %s, is %i', (value, total, up, result) => {
  expect(scaledIntOrPercent(value, total, up)).toBe(result);
});

test('what is no percentage', () => {
  expect(() => percentOf('25')).toThrow('invalid value for IntOrString: invalid type: string is not a percentage');
  expect(() => percentOf('x%')).toThrow(
    'invalid value for IntOrString: invalid value "x%": strconv.Atoi: parsing "x": invalid syntax',
  );
});
