import { expect, test } from 'vitest';
import type { FieldValidation } from '../schema/decode.ts';
import { badRequest } from '../status-errors.ts';
import { decodeApplied } from './decode-applied.ts';

const target = { group: '', version: 'v1', kind: 'ConfigMap' };
const decode = (body: string, fieldValidation: FieldValidation = 'Warn') =>
  decodeApplied(body, target, fieldValidation);

/** What a Kubernetes 1.37.1 answered for each; the reasons of broken YAML are the parser's own. */
test.each([
  ['', 'invalid object type: /, Kind='],
  ['null', 'invalid object type: /, Kind='],
  ['{}', 'invalid object type: /, Kind='],
  ['{"apiVersion":"v1"}', 'invalid object type: /v1, Kind='],
  ['{"kind":"ConfigMap"}', 'invalid object type: /, Kind=ConfigMap'],
  ['{"apiVersion":"apps/v1","kind":"Deployment"}', 'invalid object type: apps/v1, Kind=Deployment'],
  [
    '[]',
    'error decoding patch: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}',
  ],
  [
    '"x"',
    'error decoding patch: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type map[string]interface {}',
  ],
  ['a: b: c', 'error encoding patch: yaml: line 1: bad indentation of a mapping entry'],
])('%j: %s', (body, message) => {
  expect(() => decode(body)).toThrow(badRequest(message));
});

test('the configuration is left as it was written', () => {
  const config = { apiVersion: 'v1', kind: 'ConfigMap', data: { a: null }, foo: 1 };
  expect(decode(JSON.stringify(config))).toEqual({ config, warnings: [] });
  expect(decode('apiVersion: v1\nkind: ConfigMap\ndata: {a: ~}\nfoo: 1\n').config).toEqual(config);
});

test('nesting has a bound', () => {
  const body = `${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`;
  expect(() => decode(body)).toThrow(/^error encoding patch: yaml: line 1: /);
});

test('names given twice', () => {
  const body = '{"apiVersion":"v1","kind":"ConfigMap","data":{"a":"1","a":"2"}}';
  expect(decode(body)).toEqual({
    config: { apiVersion: 'v1', kind: 'ConfigMap', data: { a: '2' } },
    warnings: ['line 1: key "a" already set in map'],
  });
  expect(decode(body, 'Ignore').warnings).toEqual([]);
  expect(() => decode(body, 'Strict')).toThrow(
    badRequest(
      'error strict decoding patch: error converting YAML to JSON: yaml: unmarshal errors:\n  line 1: key "a" already set in map',
    ),
  );
});
