import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonNumber, JsonObject, JsonSyntaxError, outlineJson, parseJsonNodes, plain } from './json-text.ts';

test('parses what JSON.parse parses, and keeps digits and duplicates', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(plain(parseJsonNodes(text))).toEqual(JSON.parse(text));
    }),
  );
  expect(parseJsonNodes(' [1.50, -0e+1] ')).toEqual([new JsonNumber('1.50'), new JsonNumber('-0e+1')]);
  expect(parseJsonNodes('{"a":null,"a":"\\u00e9\\n"}')).toEqual(
    new JsonObject([
      ['a', null],
      ['a', 'é\n'],
    ]),
  );
});

test('refuses what JSON.parse refuses', () => {
  const broken = fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom(...'{}[]",:x1 .e-\\\n'))
    .map(
      ([text, at, character]) => text.slice(0, at % (text.length + 1)) + character + text.slice(at % (text.length + 1)),
    );
  fc.assert(
    fc.property(broken, (text) => {
      let valid = true;
      try {
        JSON.parse(text);
      } catch {
        valid = false;
      }
      if (valid) expect(plain(parseJsonNodes(text))).toEqual(JSON.parse(text));
      else expect(() => parseJsonNodes(text)).toThrow(/^(invalid character|unexpected end)/);
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['{a}', "invalid character 'a' looking for beginning of object key string"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":1 "b"}', "invalid character '\"' after object key:value pair"],
  ['[1 2]', "invalid character '2' after array element"],
  ['"a\n"', "invalid character '\\n' in string literal"],
  ['"\\x"', "invalid character 'x' in string escape code"],
  ['"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"],
  ['-x', "invalid character 'x' in numeric literal"],
  ['1.x', "invalid character 'x' after decimal point in numeric literal"],
  ['1ex', "invalid character 'x' in exponent of numeric literal"],
  ['truth', "invalid character 't' in literal true (expecting 'e')"],
  ["'a'", "invalid character '\\'' looking for beginning of value"],
  ['é', "invalid character 'Ã' looking for beginning of value"],
  ['1 2', "invalid character '2' after top-level value"],
  ['{"a":', 'unexpected end of JSON input'],
])('%j: %s', (text, message) => {
  expect(() => parseJsonNodes(text)).toThrow(new JsonSyntaxError(message));
});

test('the outline counts what was written', () => {
  expect(outlineJson('{"a":{"a:\\"":"x:.1e5","a":[true,false,null]},"b":12}')).toEqual({
    members: 4,
    fractions: false,
    depth: 3,
  });
  for (const text of ['1.5', '[1e5]', '2E+1']) expect(outlineJson(text).fractions).toBe(true);
  fc.assert(
    fc.property(fc.json(), (text) => {
      let members = 0;
      JSON.parse(text, function (this: unknown, key, value) {
        if (key !== '' || !Array.isArray(this)) members += Array.isArray(this) ? 0 : 1;
        return value;
      });
      expect(outlineJson(text).members).toBe(members - 1);
    }),
  );
});
