import { expect, test } from 'vitest';
import { builtInSchema } from '../../../test/support/built-in-schemas.ts';
import type { KubeObject } from '../object.ts';
import type { DecodeTarget, FieldValidation } from '../schema/decode.ts';
import { StatusError } from '../status-error.ts';
import { applyPatchTo, type PatchType, parsePatch } from './patch.ts';

const target: DecodeTarget = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  schema: builtInSchema('core.v1.ConfigMap'),
};
const live = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'p', namespace: 'machinery', resourceVersion: '1' },
  data: { a: '1', b: '2' },
} as KubeObject;

function patch(type: PatchType, body: string, fieldValidation: FieldValidation = 'Warn') {
  return applyPatchTo(live, parsePatch(type, body), target, fieldValidation);
}

function failure(type: PatchType, body: string, fieldValidation: FieldValidation = 'Warn'): string {
  try {
    patch(type, body, fieldValidation);
  } catch (error) {
    if (error instanceof StatusError) return `${error.code} ${error.reason}: ${error.message}`;
    throw error;
  }
  return 'accepted';
}

const withoutReading = (text: string) => text.replace(/Invalid value: ".*": /, 'Invalid value: ...: ');

/** What a Kubernetes 1.37.1 answered for each. */
test.each<[PatchType, string, string]>([
  ['json', 'nonsense', '400 BadRequest: invalid JSON patch'],
  ['merge', '', '400 BadRequest: invalid JSON patch'],
  ['strategic', 'nonsense', '400 BadRequest: invalid JSON patch'],
  ['merge', `${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`, '400 BadRequest: invalid JSON patch'],
  ['merge', 'null', '400 BadRequest: Invalid JSON Patch'],
  ['strategic', 'null', 'accepted'],
  [
    'merge',
    '[]',
    '400 BadRequest: error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
  ],
  ['strategic', '"x"', '400 BadRequest: json: cannot unmarshal string into Go value of type map[string]interface {}'],
  [
    'strategic',
    '{"data":{"a":1}}',
    '422 Invalid:  "" is invalid: patch: Invalid value: "map[data:map[a:1]]": cannot convert int64 to string',
  ],
  [
    'strategic',
    '{"binaryData":{"z":"***"},"data":{"a":"x"}}',
    '422 Invalid:  "" is invalid: patch: Invalid value: "map[binaryData:map[z:***] data:map[a:x]]": error decoding from json: illegal base64 data at input byte 0',
  ],
])('%s %.60s: %s', (type, body, message) => {
  expect(failure(type, body)).toBe(message);
});

test.each<[PatchType, string, string]>([
  [
    'json',
    '[{"op":"add","path":"/data","value":"2"}]',
    'json: cannot unmarshal string into Go struct field ConfigMap.data of type map[string]string',
  ],
  [
    'json',
    '[{"op":"add","path":"/kind","value":"x"}]',
    'no kind "x" is registered for version "v1" in scheme "pkg/runtime/scheme.go:111"',
  ],
  ['merge', '{"data":{"a":1}}', 'json: cannot unmarshal number into Go struct field ConfigMap.data of type string'],
  [
    'json',
    '[{"op":"replace","path":"","value":[]}]',
    'couldn\'t get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }',
  ],
])('the result of %s %s cannot be read', (type, body, why) => {
  expect(withoutReading(failure(type, body))).toBe(`422 Invalid:  "" is invalid: patch: Invalid value: ...: ${why}`);
});

test.each<[PatchType, string, string[]]>([
  ['json', '[{"op":"add","path":"/spec2","value":"x"}]', ['unknown field "spec2"']],
  [
    'json',
    '[{"op":"add","path":"/data/x","path":"/data/y","value":"1","value":"2","foo":1}]',
    [
      'json patch duplicate field "[0].path"',
      'json patch duplicate field "[0].value"',
      'json patch unknown field "[0].foo"',
    ],
  ],
  ['merge', '{"foo":1,"data":{"a":"1","a":"2"}}', ['duplicate field "data.a"', 'unknown field "foo"']],
  ['strategic', '{"foo":1,"data":{"a":"1","a":"2"}}', ['duplicate field "data.a"', 'unknown field "foo"']],
  ['merge', '{"data":{"c":"3"}}', []],
])('%s %s warns', (type, body, warnings) => {
  expect(patch(type, body, 'Warn').warnings).toEqual(warnings);
  expect(patch(type, body, 'Ignore').warnings).toEqual([]);
  expect(withoutReading(failure(type, body, 'Strict'))).toBe(
    warnings.length === 0
      ? 'accepted'
      : `422 Invalid:  "" is invalid: patch: Invalid value: ...: strict decoding error: ${warnings.join(', ')}`,
  );
});

test.each([
  '{"kind":"Secret","data":{"a":"9"}}',
  '{"kind":"Unknown","apiVersion":"a/b/c","data":{"a":"9"}}',
  '{"kind":null,"apiVersion":"","data":{"a":"9"}}',
])('a strategic patch keeps the kind whatever it names: %s', (body) => {
  expect(patch('strategic', body, 'Strict').object).toEqual({ ...live, data: { a: '9', b: '2' } });
});

test.each<[PatchType, string]>([
  ['merge', '{"apiVersion":null}'],
  ['merge', '{"apiVersion":"","data":{"a":"9"}}'],
  ['json', '[{"op":"remove","path":"/apiVersion"}]'],
])('%s %s: what says no version is nobody', (type, body) => {
  expect(failure(type, body)).toBe(
    '400 BadRequest: the name of the object (p based on URL) was undeterminable: name must be provided',
  );
});

test('a kind that is no text is refused', () => {
  expect(failure('strategic', '{"kind":5}')).toBe(
    '422 Invalid:  "" is invalid: patch: Invalid value: "map[kind:5]": cannot convert int64 to string',
  );
});

test('the result is in normal form, and the object stays as it was', () => {
  const before = JSON.stringify(live);
  expect(patch('merge', '{"data":null,"metadata":{"labels":{}}}').object).toEqual({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: live.metadata,
  });
  expect(
    patch('json', '[{"op":"remove","path":"/kind"},{"op":"replace","path":"/data/a","value":"9"}]').object,
  ).toEqual({
    ...live,
    data: { a: '9', b: '2' },
  });
  expect(JSON.stringify(live)).toBe(before);
});
