import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StatusError } from '../status-error.ts';
import { applyJsonPatch, checkJsonPatch, type JsonPatchOperation } from './json.ts';

const document = { a: 'x', list: [1, 2, 3], map: { 'a/b': 1, 'c~d': 2 }, none: null };

/** What a Kubernetes 1.37.1 does, where RFC 6902 leaves a choice or is not followed. */
test.each<[string, JsonPatchOperation[], unknown]>([
  ['add a member', [{ op: 'add', path: '/b', value: 1 }], { ...document, b: 1 }],
  ['add without a value', [{ op: 'add', path: '/a' }], { ...document, a: null }],
  ['add to a list', [{ op: 'add', path: '/list/1', value: 9 }], { ...document, list: [1, 9, 2, 3] }],
  ['append', [{ op: 'add', path: '/list/-', value: 9 }], { ...document, list: [1, 2, 3, 9] }],
  ['append by -1', [{ op: 'add', path: '/list/-1', value: 9 }], { ...document, list: [1, 2, 3, 9] }],
  ['an index with a zero in front', [{ op: 'add', path: '/list/01', value: 9 }], { ...document, list: [1, 9, 2, 3] }],
  ['remove the last', [{ op: 'remove', path: '/list/-1' }], { ...document, list: [1, 2] }],
  ['replace what is not there', [{ op: 'replace', path: '/z', value: 1 }], { ...document, z: 1 }],
  ['replace in a list', [{ op: 'replace', path: '/list/2', value: 9 }], { ...document, list: [1, 2, 9] }],
  ['replace everything', [{ op: 'replace', path: '', value: [] }], []],
  ['move', [{ op: 'move', from: '/a', path: '/list/0' }], { list: ['x', 1, 2, 3], map: document.map, none: null }],
  ['copy', [{ op: 'copy', from: '/map', path: '/copy' }], { ...document, copy: document.map }],
  ['copy what is not there', [{ op: 'copy', from: '/zzz', path: '/copy' }], { ...document, copy: null }],
  [
    'escapes',
    [
      { op: 'remove', path: '/map/a~1b' },
      { op: 'remove', path: '/map/c~0d' },
    ],
    { ...document, map: {} },
  ],
  ['test', [{ op: 'test', path: '/map', value: { 'c~d': 2, 'a/b': 1 } }], document],
  ['test what is not there', [{ op: 'test', path: '/zzz', value: null }], document],
  ['test everything', [{ op: 'test', path: '', value: document }], document],
  ['a path without a slash', [{ op: 'add', path: 'ignored/b', value: 1 }], { ...document, b: 1 }],
])('%s', (_, operations, result) => {
  const before = JSON.stringify(document);
  expect(applyJsonPatch(document, operations)).toEqual(result);
  expect(JSON.stringify(document)).toBe(before);
});

test.each<[string, JsonPatchOperation]>([
  ['remove what is not there', { op: 'remove', path: '/zzz' }],
  ['remove what every object inherits', { op: 'remove', path: '/constructor' }],
  ['remove everything', { op: 'remove', path: '' }],
  ['add everything', { op: 'add', path: '', value: {} }],
  ['test another value', { op: 'test', path: '/a', value: 'y' }],
  ['a parent that is not there', { op: 'add', path: '/zzz/b', value: 1 }],
  ['a parent that is inherited', { op: 'add', path: '/__proto__/polluted', value: 1 }],
  ['a parent that is a scalar', { op: 'add', path: '/a/b', value: 1 }],
  ['an index out of range', { op: 'add', path: '/list/4', value: 1 }],
  ['an index that is none', { op: 'replace', path: '/list/x', value: 1 }],
  ['remove the place behind the last', { op: 'remove', path: '/list/-' }],
  ['replace behind the last', { op: 'replace', path: '/list/3', value: 1 }],
  ['move what is not there', { op: 'move', from: '/zzz', path: '/b' }],
  ['copy without from', { op: 'copy', path: '/b' }],
  ['no path', { op: 'add', value: 1 }],
  ['no op', { path: '/a' }],
  ['another op', { op: 'bogus', path: '/a' }],
])('refuses: %s', (_, operation) => {
  expect.assertions(2);
  try {
    applyJsonPatch(document, [operation]);
  } catch (error) {
    expect((error as StatusError).status).toMatchObject({ code: 422, reason: 'Invalid' });
    expect((error as StatusError).message).toBe('the server rejected our request due to an error in our request');
  }
});

test.each<[unknown, string]>([
  [{ op: 'add' }, 'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp'],
  [[1], 'error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp'],
  [
    [{ op: 1, path: '/a' }],
    'error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string',
  ],
  [
    Array(10_001).fill({}),
    'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
  ],
])('%# is no patch', (body, message) => {
  expect(() => checkJsonPatch(body)).toThrow(message);
});

test('null is a patch that does nothing', () => {
  expect(checkJsonPatch(null)).toEqual([]);
});

test('copying cannot grow without bound', () => {
  const operations = Array.from({ length: 100 }, () => ({ op: 'copy', from: '/a', path: '/a/b' }));
  expect(() => applyJsonPatch({ a: { x: 'y'.repeat(1000) } }, operations)).toThrow(
    /^Request entity too large: Unable to complete the copy, the accumulated size increase of copy is \d+, exceeding the limit 3145728$/,
  );
});

test('a member may be called __proto__', () => {
  const result = applyJsonPatch({}, [{ op: 'add', path: '/__proto__', value: { polluted: 1 } }]);
  expect(JSON.stringify(result)).toBe('{"__proto__":{"polluted":1}}');
  expect(result).not.toHaveProperty('polluted');
});

test('adding and removing again leaves the document as it was', () => {
  const key = fc.constantFrom('p', 'q', '~', '/');
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('r', 's'), fc.jsonValue()),
      key,
      fc.jsonValue(),
      (object, name, value) => {
        const path = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
        const added = applyJsonPatch(object, [{ op: 'add', path, value }]);
        expect(added).toEqual({ ...object, [name]: value });
        expect(applyJsonPatch(added, [{ op: 'remove', path }])).toEqual(object);
      },
    ),
  );
});

test('any list of operations gives a result or a StatusError', () => {
  const path = fc.stringMatching(/^(\/(a|list|map|-1|0|-|b)){0,3}$/);
  const operation = fc.record(
    {
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'),
      path,
      from: path,
      value: fc.jsonValue({ maxDepth: 1 }),
    },
    { requiredKeys: ['op'] },
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 4 }), (operations) => {
      try {
        JSON.stringify(applyJsonPatch(document, operations));
      } catch (error) {
        expect(error).toBeInstanceOf(StatusError);
      }
    }),
  );
});
