import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseYaml, parseYamlNodes, YamlSyntaxError } from './yaml-text.ts';

test.each<[string, unknown]>([
  ['a: yes\nb: Off\nc: y\nd: "yes"', { a: true, b: false, c: true, d: 'yes' }],
  [
    '[010, 0o17, 0x1F, 0b11, 1_000, +5, -3, 09, 1.50, 1e3, .5, 12a, 1.2.3]',
    [8, 15, 31, 3, 1000, 5, -3, 9, 1.5, 1000, 0.5, '12a', '1.2.3'],
  ],
  ['[~, null, "", Null]', [null, null, '', null]],
  ['2: a\ntrue: b\n1.5: c', { '1.5': 'c', '2': 'a', true: 'b' }],
  [
    'a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\nc: {<<: [*x, {r: 4}]}',
    { a: { p: 1, q: 2 }, b: { p: 1, q: 3 }, c: { p: 1, q: 2, r: 4 } },
  ],
  ['"<<": 1', { '<<': 1 }],
  [
    '[!!str 12, !!int "0x10", !!float "1", !!bool "on", !!null "", !!binary aGk=, !custom 5]',
    ['12', 16, 1, true, null, 'hi', '5'],
  ],
  ['2024-01-01', '2024-01-01'],
  ['a: |\n  x\n  y\nb: >\n  x\n  y\n', { a: 'x\ny\n', b: 'x y\n' }],
])('%j', (text, value) => {
  expect(parseYaml(text)).toEqual([value]);
});

test('several documents, empty ones among them', () => {
  expect(parseYaml('a: 1\n---\n---\nb: 2\n')).toEqual([{ a: 1 }, null, { b: 2 }]);
  expect(parseYaml('')).toEqual([]);
});

test('__proto__ is a key like any other', () => {
  const [document] = parseYaml('__proto__: {polluted: 1}\na: 1');
  expect(Object.keys(document as object)).toEqual(['__proto__', 'a']);
  expect(document).not.toHaveProperty('polluted');
});

test('duplicate keys have their line, and the last one counts', () => {
  const [document] = parseYamlNodes('a: 1\nb:\n  c: 1\n  c: 2\na: 3\n');
  expect(document?.duplicates).toEqual(['line 4: key "c" already set in map', 'line 5: key "a" already set in map']);
  expect(parseYaml('a: 1\na: 3')).toEqual([{ a: 3 }]);
});

test('of very many duplicates the first hundred are told, each with its line', () => {
  const [document] = parseYamlNodes(`- {a: 1}\n${'- {a: 1, a: 2}\n'.repeat(5_000)}`);
  const told = Array.from({ length: 100 }, (_, index) => `line ${index + 2}: key "a" already set in map`);
  expect(document?.duplicates).toEqual(told);
});

test.each([
  ['a: *nope', "yaml: unknown anchor 'nope' referenced"],
  ['a: &x [*x]', "yaml: anchor 'x' value contains itself"],
  ['a: .inf', 'json: unsupported value: +Inf'],
  ['~: "n"', 'unsupported map key of type: %!s(<nil>), key: <nil>, value: "n"'],
  ['? {a: b}\n: c', 'yaml: invalid map key: {"a":"b"}'],
  ['<<: 1', 'yaml: map merge requires map or sequence of maps as the value'],
  ['!!int x', 'yaml: cannot decode !!str `x` as a !!int'],
  ['!!binary "*"', 'yaml: !!binary value contains invalid base64 data'],
])('%j: %s', (text, message) => {
  expect(() => parseYaml(text)).toThrow(new YamlSyntaxError(message));
});

test('a small text does not become a large document', () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 9; level++) {
    const alias = `*a${level - 1}`;
    lines.push(`a${level}: &a${level} [${Array(10).fill(alias).join(', ')}]`);
  }
  expect(() => parseYaml(lines.join('\n'))).toThrow('yaml: document contains excessive aliasing');
  expect(() => parseYaml('['.repeat(5000))).toThrow(/^yaml: line 1: /);
});

test('JSON is YAML', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: true }), (value) => {
      expect(parseYaml(JSON.stringify(value))).toEqual([JSON.parse(JSON.stringify(value))]);
    }),
  );
});
