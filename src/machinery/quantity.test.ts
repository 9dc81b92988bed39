import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  milliValueOf,
  multiplyQuantity,
  negateQuantity,
  parseQuantity,
  quantityOf,
  quantityProblem,
  roundQuantity,
  scaledValue,
  subtractQuantities,
  wholeValueOf,
} from './quantity.ts';

/** What a Kubernetes 1.37.1 answered for each. */
test.each([
  ['1024Mi', '1Gi'],
  ['1000m', '1'],
  ['0.5', '500m'],
  [0.5, '500m'],
  [1000, '1k'],
  ['1.', '1.'],
  ['.5', '500m'],
  ['.', '0'],
  ['-', '0'],
  ['-0', '0'],
  ['0Ki', '0'],
  ['1e3', '1e3'],
  ['1E3', '1E3'],
  ['1e+3', '1e+3'],
  ['12e1', '120'],
  ['1e2', '100'],
  ['1.5e3', '1500'],
  ['1E5', '100e3'],
  ['1e-1', '100e-3'],
  ['1000e18', '1e21'],
  ['1e1000', '10e999'],
  ['1E', '1E'],
  ['1500Mi', '1500Mi'],
  ['2048Ki', '2Mi'],
  ['8Ki', '8Ki'],
  ['0.5Gi', '512Mi'],
  ['0.1Ki', '102400m'],
  ['1.5Ki', '1536'],
  ['1.Ki', '1.Ki'],
  ['1.Ei', '1Ei'],
  ['8Ei', '9223372036854775807'],
  ['1234567.891Mi', '1294538260873216m'],
  ['1000k', '1M'],
  ['+1', '+1'],
  [' 1 ', '1'],
  ['00012', '00012'],
  ['1.0', '1'],
  ['1.500', '1.500'],
  ['9223372036854775808', '9223372036854775808'],
  ['123456789123456789123456789', '123456789123456789123456789'],
])('%j is stored as %s', (text, canonical) => {
  expect(canonicalQuantity(text)).toBe(canonical);
  expect(formatQuantity(parseQuantity(text))).toBe(canonical);
});

test.each([
  ['100', '100'],
  ['0.1n', '1n'],
  ['1.5n', '2n'],
  ['-1.5n', '-2n'],
  ['1e-10', '1e-9'],
  ['1e-4000', '1e-9'],
  ['0.0001Ki', '102400u'],
  ['1000000000000000000000000', '1e24'],
])('%s becomes %s', (text, canonical) => {
  expect(canonicalQuantity(text)).toBe(canonical);
});

const format = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const suffix = "unable to parse quantity's suffix";
test.each([
  ['', format],
  ['abc', format],
  ['1.2.3', format],
  ['1_0', format],
  ['1e3Ki', format],
  ['1i', suffix],
  ['1mi', suffix],
  ['1K', suffix],
  ['1kk', suffix],
  ['1e', suffix],
  ['1ee3', suffix],
  ['--1', suffix],
  ['1e99999999999', suffix],
  ['.Ei', 'unable to parse numeric part of quantity'],
  ['1'.repeat(2000), 'unable to parse numeric part of quantity'],
])('%j is refused: %s', (text, problem) => {
  expect(quantityProblem(text)).toBe(problem);
  expect(canonicalQuantity(text)).toBeUndefined();
  expect(() => parseQuantity(text)).toThrow(problem);
});

const canonical = fc
  .record({
    value: fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
    scale: fc.integer({ min: -9, max: 6 }),
    format: fc.constantFrom('DecimalSI' as const, 'DecimalExponent' as const, 'BinarySI' as const),
  })
  .map(({ value, scale, format: how }) => quantityOf(value, how, scale));

test('formatting and parsing again keeps the amount, and formatting settles', () => {
  fc.assert(
    fc.property(canonical, (quantity) => {
      const text = formatQuantity(quantity);
      const again = parseQuantity(text);
      // Binary amounts are capped at what an int64 holds.
      const whole = scaledValue(quantity, 0);
      if (/i$/.test(text) && BigInt.asIntN(63, whole) !== whole) return;
      expect(compareQuantities(again, quantity)).toBe(0);
      // A binary amount without a factor of 1024 has no suffix, and without one it reads as decimal.
      if (/i$/.test(text) || quantity.format !== 'BinarySI') expect(canonicalQuantity(text)).toBe(text);
    }),
  );
});

test('arithmetic is exact', () => {
  fc.assert(
    fc.property(canonical, canonical, (a, b) => {
      const sum = addQuantities(a, b);
      expect(compareQuantities(subtractQuantities(sum, b), a)).toBe(0);
      expect(compareQuantities(a, b)).toBe(-compareQuantities(b, a) + 0);
      expect(compareQuantities(multiplyQuantity(a, 3), addQuantities(a, addQuantities(a, a)))).toBe(0);
    }),
  );
  const add = (a: string, b: string) => formatQuantity(addQuantities(parseQuantity(a), parseQuantity(b)));
  expect(add('0.1', '0.2')).toBe('300m');
  expect(add('1Gi', '512Mi')).toBe('1536Mi');
  expect(add('0', '1Gi')).toBe('1Gi');
  expect(add('1', '1Gi')).toBe('1073741825');
  expect(formatQuantity(negateQuantity(parseQuantity('1500m')))).toBe('-1500m');
});

test('rounding goes away from zero', () => {
  expect(formatQuantity(roundQuantity(parseQuantity('1.0001'), -3))).toBe('1001m');
  expect(formatQuantity(roundQuantity(parseQuantity('-1.0001'), -3))).toBe('-1001m');
  expect(formatQuantity(roundQuantity(parseQuantity('5'), -3))).toBe('5');
  expect(scaledValue(parseQuantity('1.0001'), 0)).toBe(2n);
  expect(scaledValue(parseQuantity('1k'), -3)).toBe(1_000_000n);
});

test('values as numbers, short way and long way alike', () => {
  const texts = ['0', '1', '100m', '1500m', '1k', '2M', '3Ki', '4Mi', '5Gi', '0.5', '1.5Gi', '1e3', '100u', '6Ti'];
  for (const text of texts) {
    const quantity = parseQuantity(text);
    expect([text, milliValueOf(text)]).toEqual([text, Number(scaledValue(quantity, -3))]);
    expect([text, wholeValueOf(text)]).toEqual([text, Number(scaledValue(quantity, 0))]);
  }
  expect(wholeValueOf(3)).toBe(3);
  expect(() => wholeValueOf('x')).toThrow('quantities must match');
});

test('any text is a quantity in its canonical form, or said to be none', () => {
  const part = fc.constantFrom(
    ...['0', '1', '9', '.', '-', '+', 'e', 'E', 'k', 'Ki', 'm', 'n', 'Ei', ' ', '٣', '99999999999999999999'],
  );
  const text = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (input) => {
      const canonical = canonicalQuantity(input);
      expect(quantityProblem(input) === undefined).toBe(canonical !== undefined);
      if (canonical === undefined) expect(() => parseQuantity(input)).toThrow();
      else expect(canonicalQuantity(canonical)).toBe(canonical);
    }),
    { numRuns: 1_000 },
  );
});
