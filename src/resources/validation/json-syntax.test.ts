import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonObjectError, jsonSyntaxError } from './json-syntax.ts';

test.each([
  ['{}', undefined],
  ['null', undefined],
  [' {"a":[1,-0.5e+3,true,null,"\\u00e9\\n"]} ', undefined],
  ['', 'unexpected end of JSON input'],
  ['{', 'unexpected end of JSON input'],
  ['[]', 'json: cannot unmarshal array into Go value of type map[string]interface {}'],
  ['1', 'json: cannot unmarshal number into Go value of type map[string]interface {}'],
  ['"a"', 'json: cannot unmarshal string into Go value of type map[string]interface {}'],
  ['true', 'json: cannot unmarshal bool into Go value of type map[string]interface {}'],
  ['{"a":}', "invalid character '}' looking for beginning of value"],
  ['tru', "invalid character ' ' in literal true (expecting 'e')"],
  ['1.x', "invalid character 'x' after decimal point in numeric literal"],
  ['{"a":"\x01"}', "invalid character '\\x01' in string literal"],
  ['é', "invalid character 'Ã' looking for beginning of value"],
])('%j as an object: %s', (text, message) => {
  expect(jsonObjectError(text)).toBe(message);
});

test('finds fault with what JSON.parse refuses, and with nothing else', () => {
  // A correct text with one character put in, or cut off somewhere, is wrong in most of the ways there are.
  const nearly = fc
    .tuple(fc.json({ maxDepth: 3 }), fc.nat(), fc.constantFrom('', ...'{}[]",:0.-+eEtn\\u \n\x01x'), fc.boolean())
    .map(([text, at, inserted, cut]) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + inserted + (cut ? '' : text.slice(place));
    });
  fc.assert(fc.property(nearly, (text) => (jsonSyntaxError(text) === undefined) === parses(text)));
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
