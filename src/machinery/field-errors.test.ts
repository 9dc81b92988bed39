import { expect, test } from 'vitest';
import {
  childPath,
  duplicate,
  fieldErrorBody,
  forbidden,
  formatFieldError,
  formatFieldErrors,
  indexPath,
  internalFieldError,
  invalid,
  keyPath,
  notFoundValue,
  notSupported,
  required,
  tooFew,
  tooLong,
  tooLongCharacters,
  tooMany,
  tooShort,
  typeInvalid,
} from './field-errors.ts';

test.each([
  [required('spec.selector'), 'spec.selector: Required value'],
  [required('name', 'name or generateName is required'), 'name: Required value: name or generateName is required'],
  [invalid('spec.replicas', -1, 'must be positive'), 'spec.replicas: Invalid value: -1: must be positive'],
  [invalid('metadata.name', 'A"b', 'no'), 'metadata.name: Invalid value: "A\\"b": no'],
  [invalid('selector', { a: '<' }, 'no'), 'selector: Invalid value: {"a":"\\u003c"}: no'],
  [invalid('selector', undefined, 'no'), 'selector: Invalid value: null: no'],
  [typeInvalid('a', true, 'no'), 'a: Invalid value: true: no'],
  [notSupported('p', 'x', ['b', 'a']), 'p: Unsupported value: "x": supported values: "b", "a"'],
  [notSupported('p', 'x', new Set(['b', 'a'])), 'p: Unsupported value: "x": supported values: "a", "b"'],
  [notSupported('p', 'x', []), 'p: Unsupported value: "x"'],
  [forbidden('a', 'not allowed on this type'), 'a: Forbidden: not allowed on this type'],
  [tooLong('a', 262144), 'a: Too long: may not be more than 262144 bytes'],
  [tooLong('a', 1), 'a: Too long: may not be more than 1 byte'],
  [tooLongCharacters('a', 2), 'a: Too long: may not be more than 2 characters'],
  [tooShort('a', 1), 'a: Too short: must be at least 1 character'],
  [tooMany('a', 3, 2), 'a: Too many: 3: must have at most 2 items'],
  [tooMany('a', undefined, 1), 'a: Too many: must have at most 1 item'],
  [tooFew('a', 0, 1), 'a: Too few: 0: must have at least 1 item'],
  [duplicate('a', 'x'), 'a: Duplicate value: "x"'],
  [notFoundValue('a', 'x'), 'a: Not found: "x"'],
  [internalFieldError('a', 'broken'), 'a: Internal error: broken'],
])('%# prints %s', (error, text) => {
  expect(formatFieldError(error)).toBe(text);
  expect(`${error.field}: ${fieldErrorBody(error)}`).toBe(text);
});

test('several errors stand in brackets, each once', () => {
  expect(formatFieldErrors([required('a')])).toBe('a: Required value');
  expect(formatFieldErrors([required('a'), required('b'), required('a')])).toBe(
    '[a: Required value, b: Required value]',
  );
});

test('paths', () => {
  expect(keyPath(indexPath(childPath(childPath('', 'spec'), 'list'), 2), 'k')).toBe('spec.list[2][k]');
});
