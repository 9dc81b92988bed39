import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapeValue, parseFieldSelector } from './field-selector.ts';
import type { StatusError } from './status-error.ts';
import { badRequest } from './status-errors.ts';

const pod: Record<string, string> = { 'metadata.name': 'a,b', 'status.phase': 'Running' };
const matches = (text: string) => parseFieldSelector(text).matches((field) => pod[field]);

test.each([
  ['', true],
  ['status.phase=Running', true],
  ['status.phase==Running', true],
  ['status.phase!=Running', false],
  ['metadata.name=a\\,b', true],
  ['metadata.name=a\\,b,status.phase=Pending', false],
  ['spec.nodeName=', true],
  ['spec.nodeName!=', false],
  [',', true],
  ['status.phase=Running,', true],
])('%j: %s', (text, result) => {
  expect(matches(text)).toBe(result);
});

/** What a Kubernetes 1.37.1 answered for each. */
test.each([
  ['a b', "invalid selector: 'a b'; can't understand 'a b'"],
  ['a=b,c', "invalid selector: 'a=b,c'; can't understand 'c'"],
  ['metadata.name=a\\x', 'invalid field selector: invalid escape sequence: \\x'],
  ['metadata.name=a\\', 'invalid field selector: invalid escape sequence: \\'],
  ['metadata.name=a=b', 'invalid field selector: unescaped character in value: 61'],
])('%j is refused: %s', (text, message) => {
  expect(() => parseFieldSelector(text)).toThrow(badRequest(message));
});

test('values survive escaping', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'a\\,=! ') }), (value) => {
      const selector = parseFieldSelector(`metadata.name=${escapeValue(value)},x!=y`);
      expect(selector.exactValue('metadata.name')).toBe(value);
      expect(selector.exactValue('x')).toBeUndefined();
      expect(parseFieldSelector(selector.toString()).requirements).toEqual(selector.requirements);
    }),
  );
});

test('any text is a selector or a bad request', () => {
  const odd = fc.string({ unit: fc.constantFrom(...'a\\,=! .é\ud800\u0000'), maxLength: 16 });
  fc.assert(
    fc.property(fc.oneof(odd, fc.string()), (text) => {
      try {
        parseFieldSelector(text).matches(() => text);
      } catch (error) {
        expect((error as StatusError).code).toBe(400);
      }
    }),
    { numRuns: 1_000 },
  );
});
