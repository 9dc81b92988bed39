import type { FieldError, FieldErrorType } from './field-error.ts';
import { goJson, quote } from './go-text.ts';

/** A required field is missing. */
export function required(field: string, detail = ''): FieldError {
  return { type: 'FieldValueRequired', field, detail };
}

export function invalid(field: string, value: unknown, detail: string): FieldError {
  return { type: 'FieldValueInvalid', field, value: value ?? null, detail };
}

/** The same where the value is of no use to a reader, or not to be shown. */
export function invalidWithoutValue(field: string, detail: string): FieldError {
  return { type: 'FieldValueInvalid', field, detail };
}

/** The value has the wrong type; reads like `invalid`, has a reason of its own. */
export function typeInvalid(field: string, value: unknown, detail: string): FieldError {
  return { type: 'FieldValueTypeInvalid', field, value: value ?? null, detail };
}

/** The value is none of those supported, which are listed: an array in its own order, a set sorted. */
export function notSupported(
  field: string,
  value: unknown,
  supported: readonly string[] | ReadonlySet<string>,
): FieldError {
  const values = Array.isArray(supported) ? supported : [...supported].sort();
  const detail = values.length === 0 ? '' : `supported values: ${values.map(quote).join(', ')}`;
  return { type: 'FieldValueNotSupported', field, value: value ?? null, detail };
}

/** The value is well formed and still not permitted here. */
export function forbidden(field: string, detail: string): FieldError {
  return { type: 'FieldValueForbidden', field, detail };
}

export function tooLong(field: string, maxBytes: number): FieldError {
  return { type: 'FieldValueTooLong', field, detail: `may not be more than ${count(maxBytes, 'byte')}` };
}

export function tooLongCharacters(field: string, maxCharacters: number): FieldError {
  return { type: 'FieldValueTooLong', field, detail: `may not be more than ${count(maxCharacters, 'character')}` };
}

export function tooShort(field: string, minCharacters: number): FieldError {
  return { type: 'FieldValueTooShort', field, detail: `must be at least ${count(minCharacters, 'character')}` };
}

/** `actual` undefined: the number of items is not told. */
export function tooMany(field: string, actual: number | undefined, max: number): FieldError {
  return {
    type: 'FieldValueTooMany',
    field,
    ...(actual !== undefined && { value: actual }),
    detail: `must have at most ${count(max, 'item')}`,
  };
}

export function tooFew(field: string, actual: number, min: number): FieldError {
  return { type: 'FieldValueTooFew', field, value: actual, detail: `must have at least ${count(min, 'item')}` };
}

export function duplicate(field: string, value: unknown): FieldError {
  return { type: 'FieldValueDuplicate', field, value: value ?? null, detail: '' };
}

/** The value names something that does not exist. */
export function notFoundValue(field: string, value: unknown): FieldError {
  return { type: 'FieldValueNotFound', field, value: value ?? null, detail: '' };
}

/** Something else than the user's input is to blame. */
export function internalFieldError(field: string, detail: string): FieldError {
  return { type: 'InternalError', field, detail };
}

function count(number: number, unit: string): string {
  return `${number} ${unit}${number === 1 ? '' : 's'}`;
}

const titles: Readonly<Record<FieldErrorType, string>> = {
  FieldValueNotFound: 'Not found',
  FieldValueRequired: 'Required value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueInvalid: 'Invalid value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueForbidden: 'Forbidden',
  FieldValueTooLong: 'Too long',
  FieldValueTooShort: 'Too short',
  FieldValueTooMany: 'Too many',
  FieldValueTooFew: 'Too few',
  InternalError: 'Internal error',
  FieldValueTypeInvalid: 'Invalid value',
};

const withoutValue = new Set<FieldErrorType>([
  'FieldValueRequired',
  'FieldValueForbidden',
  'FieldValueTooLong',
  'FieldValueTooShort',
  'InternalError',
]);

/** The error without its field, as causes carry it: `Invalid value: "A": must be lower case`. */
export function fieldErrorBody(error: FieldError): string {
  const title = titles[error.type];
  const shown = error.value === undefined || withoutValue.has(error.type) ? title : `${title}: ${show(error.value)}`;
  return error.detail === '' ? shown : `${shown}: ${error.detail}`;
}

/** `spec.replicas: Invalid value: -1: must be greater than or equal to 0`. */
export function formatFieldError(error: FieldError): string {
  return `${error.field}: ${fieldErrorBody(error)}`;
}

/** Several errors as one text: in brackets when there are more than one, repetitions left out. */
export function formatFieldErrors(errors: readonly FieldError[]): string {
  const texts = distinct(errors).map(formatFieldError);
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
}

/** Those that say something that none before them says. */
export function distinct(errors: readonly FieldError[]): readonly FieldError[] {
  return [...new Map(errors.map((error) => [formatFieldError(error), error])).values()];
}

function show(value: unknown): string {
  return typeof value === 'string' ? quote(value) : goJson(value);
}

/** `parent.child`; `child` alone under an empty parent. */
export function childPath(parent: string, child: string): string {
  return parent === '' ? child : `${parent}.${child}`;
}

/** `list[3]` */
export function indexPath(parent: string, index: number): string {
  return `${parent}[${index}]`;
}

/** `map[key]` */
export function keyPath(parent: string, key: string): string {
  return `${parent}[${key}]`;
}
