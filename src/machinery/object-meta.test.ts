import { expect, test } from 'vitest';
import { formatFieldError } from './field-errors.ts';
import { nameIsDnsSubdomain } from './names.ts';
import type { ObjectMeta } from './object.ts';
import { validateFieldManager, validateObjectMeta, validateObjectMetaUpdate } from './object-meta.ts';

const rules = { namespaced: true, validateName: nameIsDnsSubdomain };
const good: ObjectMeta = { name: 'a', namespace: 'n' };
const problems = (meta: ObjectMeta, more: object = {}) =>
  validateObjectMeta(meta, { ...rules, ...more }).map(formatFieldError);
/** The texts without the long explanations of patterns. */
const short = (texts: string[]) => texts.map((text) => text.replace(/ \(e\.g\..*$/, ''));

test('good metadata', () => {
  expect(
    problems({
      ...good,
      generateName: 'a-',
      labels: { 'example.com/a': 'b', constructor: '' },
      annotations: { 'Example.COM/a': 'anything at all' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'a', uid: 'u', controller: true }],
      finalizers: ['kubernetes', 'example.com/a'],
      managedFields: [{ manager: 'kubectl', operation: 'Apply', fieldsType: 'FieldsV1' }],
    }),
  ).toEqual([]);
  expect(problems({ name: 'a' }, { namespaced: false })).toEqual([]);
});

test.each<[ObjectMeta, string[]]>([
  [{ namespace: 'n' }, ['metadata.name: Required value: name or generateName is required']],
  [{ name: 'a' }, ['metadata.namespace: Required value']],
  [{ name: 'a', namespace: 'a.b' }, ['metadata.namespace: Invalid value: "a.b": must not contain dots']],
  [{ ...good, generation: -1 }, ['metadata.generation: Invalid value: -1: must be greater than or equal to 0']],
  [
    { ...good, labels: { 'a b': 'c d' } },
    [
      "metadata.labels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
      "metadata.labels: Invalid value: \"c d\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    ],
  ],
  [
    { ...good, annotations: { a: 'x'.repeat(262144) } },
    ['metadata.annotations: Too long: may not be more than 262144 bytes'],
  ],
  [
    { ...good, ownerReferences: [{ apiVersion: '', kind: '', name: '', uid: '' }] },
    [
      'metadata.ownerReferences[0].apiVersion: Required value: must not be empty',
      'metadata.ownerReferences[0].kind: Required value: must not be empty',
      'metadata.ownerReferences[0].name: Required value: must not be empty',
      'metadata.ownerReferences[0].uid: Required value: must not be empty',
    ],
  ],
  [
    {
      ...good,
      ownerReferences: [
        { apiVersion: 'a/b/c', kind: 'x', name: 'y', uid: 'z' },
        { apiVersion: 'v1', kind: 'Event', name: 'y', uid: 'z' },
      ],
    },
    [
      'metadata.ownerReferences[0].apiVersion: Invalid value: "a/b/c": must be <group>/<version> or <version>',
      'metadata.ownerReferences[1]: Invalid value: {"apiVersion":"v1","kind":"Event","name":"y","uid":"z"}: /v1, Kind=Event is disallowed from being an owner',
    ],
  ],
  [
    {
      ...good,
      ownerReferences: [
        { apiVersion: 'v1', kind: 'x', name: 'y', uid: 'z', controller: true },
        { apiVersion: 'v1', kind: 'x', name: 'y2', uid: 'z2', controller: true },
      ],
    },
    [
      'metadata.ownerReferences: Invalid value: [{"apiVersion":"v1","kind":"x","name":"y","uid":"z","controller":true},{"apiVersion":"v1","kind":"x","name":"y2","uid":"z2","controller":true}]: Only one reference can have Controller set to true. Found "true" in references for x/y and x/y2',
    ],
  ],
  [
    { ...good, finalizers: ['a', 'orphan', 'foregroundDeletion'] },
    [
      'metadata.finalizers: Invalid value: ["a","orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set',
      'metadata.finalizers[0]: Invalid value: "a": name is neither a standard finalizer name nor is it fully qualified',
    ],
  ],
  [
    { ...good, managedFields: [{}, { operation: 'x', fieldsType: 'y', subresource: 's'.repeat(257) }] },
    [
      'metadata.managedFields[0].operation: Required value: must not be empty',
      'metadata.managedFields[1].operation: Unsupported value: "x": supported values: "Apply", "Update"',
      'metadata.managedFields[1].fieldsType: Invalid value: "y": must be `FieldsV1`',
      'metadata.managedFields[1].subresource: Too long: may not be more than 256 bytes',
    ],
  ],
])('%# create', (meta, texts) => {
  expect(short(problems(meta))).toEqual(texts);
});

test('cluster scope has no namespace, custom resources have any finalizer', () => {
  expect(problems(good, { namespaced: false })).toEqual(['metadata.namespace: Forbidden: not allowed on this type']);
  expect(problems({ ...good, finalizers: ['a'] }, { anyFinalizer: true })).toEqual([]);
});

const stored: ObjectMeta = {
  ...good,
  uid: 'u',
  resourceVersion: '1',
  generation: 2,
  creationTimestamp: '2026-01-01T00:00:00Z',
};

test.each<[ObjectMeta, ObjectMeta, string[]]>([
  [{ ...stored, labels: { a: 'b' } }, stored, []],
  [
    { ...stored, resourceVersion: '' },
    stored,
    ['metadata.resourceVersion: Invalid value: "": must be specified for an update'],
  ],
  [{ ...stored, generation: 1 }, stored, ['metadata.generation: Invalid value: 1: must not be decremented']],
  [
    { ...stored, name: 'b', namespace: 'm', uid: 'v', creationTimestamp: null },
    stored,
    [
      'metadata.name: Invalid value: "b": field is immutable',
      'metadata.namespace: Invalid value: "m": field is immutable',
      'metadata.uid: Invalid value: "v": field is immutable',
      'metadata.creationTimestamp: Invalid value: null: field is immutable',
    ],
  ],
  [
    { ...stored, deletionGracePeriodSeconds: 3 },
    stored,
    ['metadata.deletionGracePeriodSeconds: Invalid value: 3: field is immutable'],
  ],
  [
    { ...stored, deletionTimestamp: 't', finalizers: ['a/b', 'a/a', 'x/y'] },
    { ...stored, deletionTimestamp: 't', finalizers: ['x/y'] },
    [
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"a/a", "a/b"}',
    ],
  ],
])('%# update', (meta, old, texts) => {
  expect(validateObjectMetaUpdate(meta, old).map(formatFieldError)).toEqual(texts);
});

test('names of field managers', () => {
  expect(validateFieldManager('kubectl-client-side-apply', 'fieldManager')).toEqual([]);
  expect(validateFieldManager('é\n', 'fieldManager').map(formatFieldError)).toEqual([
    'fieldManager: Invalid value: "é\\n": invalid character U+000A (at position 2)',
  ]);
  expect(validateFieldManager('x'.repeat(129), 'fieldManager').map(formatFieldError)).toEqual([
    'fieldManager: Too long: may not be more than 128 bytes',
  ]);
});
