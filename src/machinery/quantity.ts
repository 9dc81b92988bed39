/** How a quantity was written, which its canonical form keeps. */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

/** An exact amount: `unscaled` x 10^`scale`. */
export interface Quantity {
  readonly unscaled: bigint;
  readonly scale: number;
  readonly format: QuantityFormat;
  /** The text it was parsed from, where Kubernetes keeps that instead of a canonical form. */
  readonly text?: string;
}

const formatWrong = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const numericWrong = 'unable to parse numeric part of quantity';
const suffixWrong = "unable to parse quantity's suffix";

const grammar = /^([+-]?)0*(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/;
const decimalExponents: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const binaryExponents: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
const decimalSuffixes = new Map(Object.entries(decimalExponents).map(([suffix, exponent]) => [exponent, suffix]));
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** The smallest amount there is is 10^-9: what is smaller is rounded up to it. */
const nano = -9;
const maxInt64 = 2n ** 63n - 1n;
/** Longer texts and larger exponents are refused: they would cost more than any amount is worth. */
const longestText = 1024;
const largestExponent = 4096;
const zero: Quantity = { unscaled: 0n, scale: 0, format: 'DecimalSI', text: '0' };

/**
 * Reads `100m`, `1.5Gi`, `12e6`. White space around is ignored, and a JSON number is as good as its text.
 * Throws an Error with Kubernetes' message; `quantityProblem` tells it without throwing.
 */
export function parseQuantity(input: string | number): Quantity {
  const result = tryParse(typeof input === 'number' ? String(input) : input.trim());
  if (typeof result === 'string') throw new Error(result);
  return result;
}

/** What is wrong with a quantity, undefined when it is good. */
export function quantityProblem(input: string | number): string | undefined {
  const result = tryParse(typeof input === 'number' ? String(input) : input.trim());
  return typeof result === 'string' ? result : undefined;
}

function tryParse(text: string): Quantity | string {
  if (text === '') return formatWrong;
  if (text === '0') return zero;
  if (text.length > longestText) return numericWrong;
  const match = grammar.exec(text);
  if (match === null) return formatWrong;
  const [, sign, digits = '', fraction = '', suffix = ''] = match;
  const unit = parseSuffix(suffix);
  if (unit === undefined) return suffixWrong;
  const number = { negative: sign === '-', whole: digits === '' ? '0' : digits, fraction };
  const fast = parseSmall(text, number, unit);
  if (fast !== undefined) return fast;
  // Zeroes before the point are no digits for this: `0.Ei` is a number, `.Ei` is none.
  return /\d/.test(text.slice(0, text.length - suffix.length)) ? parseLarge(number, unit) : numericWrong;
}

interface Unit {
  readonly base: 2 | 10;
  readonly exponent: number;
  readonly format: QuantityFormat;
}

interface Digits {
  readonly negative: boolean;
  readonly whole: string;
  readonly fraction: string;
}

function parseSuffix(suffix: string): Unit | undefined {
  const decimal = decimalExponents[suffix];
  if (decimal !== undefined) return { base: 10, exponent: decimal, format: 'DecimalSI' };
  const binary = binaryExponents[suffix];
  if (binary !== undefined) return { base: 2, exponent: binary, format: 'BinarySI' };
  if (!/^[eE][-+]?\d+$/.test(suffix)) return undefined;
  const exponent = Number(suffix.slice(1));
  return Math.abs(exponent) <= largestExponent ? { base: 10, exponent, format: 'DecimalExponent' } : undefined;
}

/** What fits an int64 with ease; Kubernetes keeps the text of such a number when it takes it to be canonical. */
function parseSmall(text: string, { negative, whole, fraction }: Digits, unit: Unit): Quantity | undefined {
  const { base, exponent, format } = unit;
  const digits = whole + fraction;
  const scale = base === 10 ? exponent - fraction.length : 0;
  const precision =
    base === 10
      ? 18 - digits.length
      : fraction === ''
        ? 14 - whole.length - Math.trunc((exponent * 3) / 10)
        : Number.NEGATIVE_INFINITY;
  if (precision < 0 || scale < nano) return undefined;
  const value = BigInt(digits);
  const amount = base === 2 ? value << BigInt(exponent) : value;
  if (amount > maxInt64) return undefined;
  const unscaled = negative ? -amount : amount;
  const keepsText =
    base === 2 ? (value & 7n) !== 0n : scale % 3 === 0 && !digits.endsWith('000') && !digits.startsWith('0');
  return keepsText ? { unscaled, scale, format, text } : { unscaled, scale, format };
}

function parseLarge({ negative, whole, fraction }: Digits, { base, exponent, format }: Unit): Quantity {
  const digits = BigInt(whole + fraction);
  const exact =
    base === 10
      ? { unscaled: digits, scale: exponent - fraction.length }
      : { unscaled: digits << BigInt(exponent), scale: -fraction.length };
  let { unscaled, scale } = rescale(exact, nano);
  let kept = format;
  if (base === 2) {
    if (compareAmounts(unscaled, scale, maxInt64, 0) > 0) [unscaled, scale] = [maxInt64, 0];
    // Less than one, binary, would be shown as one: that would be confusing.
    else if (unscaled > 0n && compareAmounts(unscaled, scale, 1n, 0) < 0) kept = 'DecimalSI';
  }
  return { unscaled: negative ? -unscaled : unscaled, scale, format: kept };
}

/** The amount with a scale of at least `scale`, rounded away from zero. */
function rescale(amount: { readonly unscaled: bigint; readonly scale: number }, scale: number) {
  if (amount.scale >= scale || amount.unscaled === 0n) return amount;
  const negative = amount.unscaled < 0n;
  const magnitude = negative ? -amount.unscaled : amount.unscaled;
  const divisor = 10n ** BigInt(scale - amount.scale);
  const rounded = (magnitude + divisor - 1n) / divisor;
  return { unscaled: negative ? -rounded : rounded, scale };
}

function compareAmounts(a: bigint, aScale: number, b: bigint, bScale: number): number {
  const scale = Math.min(aScale, bScale);
  const left = a * 10n ** BigInt(aScale - scale);
  const right = b * 10n ** BigInt(bScale - scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** A quantity from a whole number of units of 10^`scale`. */
export function quantityOf(value: bigint | number, format: QuantityFormat = 'DecimalSI', scale = 0): Quantity {
  return { unscaled: BigInt(value), scale, format };
}

/** The canonical text: `500m`, `1Gi`, `12e6`. Binary amounts that are no whole number are written in decimal form. */
export function formatQuantity(quantity: Quantity): string {
  if (quantity.text !== undefined) return quantity.text;
  if (quantity.unscaled === 0n) return '0';
  if (quantity.format !== 'BinarySI') return formatDecimal(quantity, quantity.format);
  const whole = rescale(quantity, 0);
  const exact = compareAmounts(whole.unscaled, whole.scale, quantity.unscaled, quantity.scale) === 0;
  const magnitude = whole.unscaled * 10n ** BigInt(whole.scale);
  if (!exact || (magnitude > -1024n && magnitude < 1024n)) return formatDecimal(quantity, 'DecimalSI');
  let [amount, power] = [magnitude, 0];
  while (power + 1 < binarySuffixes.length && amount % 1024n === 0n) [amount, power] = [amount / 1024n, power + 1];
  return `${amount}${binarySuffixes[power]}`;
}

function formatDecimal(quantity: Quantity, format: QuantityFormat): string {
  let { unscaled, scale } = quantity;
  while (unscaled % 10n === 0n) [unscaled, scale] = [unscaled / 10n, scale + 1];
  while (scale % 3 !== 0) [unscaled, scale] = [unscaled * 10n, scale - 1];
  if (scale === 0) return `${unscaled}`;
  // Beyond exa there is no suffix: an exponent keeps the amount, where Kubernetes would lose it.
  const suffix = format === 'DecimalSI' ? decimalSuffixes.get(scale) : undefined;
  return `${unscaled}${suffix ?? `e${scale}`}`;
}

/** Up to three digits with a suffix are canonical, for it takes four to make 1000 or 1024 of anything. */
const surelyCanonical = /^[1-9]\d{0,2}(?:m|k|M|G|Ki|Mi|Gi)?$/;

/** The text that Kubernetes stores for a quantity; undefined when it is none. */
export function canonicalQuantity(input: string | number): string | undefined {
  if (typeof input === 'string' && surelyCanonical.test(input)) return input;
  const result = tryParse(typeof input === 'number' ? String(input) : input.trim());
  return typeof result === 'string' ? undefined : formatQuantity(result);
}

export function compareQuantities(a: Quantity, b: Quantity): number {
  return compareAmounts(a.unscaled, a.scale, b.unscaled, b.scale);
}

export function addQuantities(a: Quantity, b: Quantity): Quantity {
  const scale = Math.min(a.scale, b.scale);
  const unscaled = a.unscaled * 10n ** BigInt(a.scale - scale) + b.unscaled * 10n ** BigInt(b.scale - scale);
  // Zero has no format of its own: a sum that starts with it looks like what was added.
  return { unscaled, scale, format: a.unscaled === 0n ? b.format : a.format };
}

export function subtractQuantities(a: Quantity, b: Quantity): Quantity {
  return addQuantities(a, negateQuantity(b));
}

export function negateQuantity(quantity: Quantity): Quantity {
  return { unscaled: -quantity.unscaled, scale: quantity.scale, format: quantity.format };
}

export function multiplyQuantity(quantity: Quantity, factor: bigint | number): Quantity {
  return { unscaled: quantity.unscaled * BigInt(factor), scale: quantity.scale, format: quantity.format };
}

/** Rounded away from zero to a multiple of 10^`scale`. */
export function roundQuantity(quantity: Quantity, scale: number): Quantity {
  return quantity.scale >= scale ? quantity : { ...rescale(quantity, scale), format: quantity.format };
}

/** In units of 10^`scale`, rounded away from zero. */
export function scaledValue(quantity: Quantity, scale: number): bigint {
  const rounded = rescale(quantity, scale);
  return rounded.unscaled === 0n ? 0n : rounded.unscaled * 10n ** BigInt(rounded.scale - scale);
}

const smallNumber = /^(\d{1,9})(m|k|M|Ki|Mi|Gi)?$/;
const unitFactors: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
};

/** Thousandths of a unit (of a core), rounded up; for what was validated. Throws like `parseQuantity`. */
export function milliValueOf(text: string | number): number {
  const match = typeof text === 'string' ? smallNumber.exec(text) : null;
  if (match === null) return Number(scaledValue(parseQuantity(text), -3));
  return match[2] === 'm' ? Number(match[1]) : 1000 * Number(match[1]) * (unitFactors[match[2] ?? ''] ?? 1);
}

/** Whole units (bytes), rounded up; for what was validated. Exact up to 2^53. Throws like `parseQuantity`. */
export function wholeValueOf(text: string | number): number {
  const match = typeof text === 'string' ? smallNumber.exec(text) : null;
  if (match === null) return Number(scaledValue(parseQuantity(text), 0));
  return match[2] === 'm' ? Math.ceil(Number(match[1]) / 1000) : Number(match[1]) * (unitFactors[match[2] ?? ''] ?? 1);
}
