import { expect, test } from 'vitest';
import { builtInSchema } from '../../../test/support/built-in-schemas.ts';
import { fieldSetOf, withStructFields } from './field-set.ts';
import type { Fields } from './fields.ts';
import { removeFields } from './remove.ts';

const schema = builtInSchema('core.v1.PodSpec');
const spec = {
  nodeName: 'n',
  nodeSelector: { a: '1' },
  securityContext: { runAsUser: 1, fsGroup: 2 },
  containers: [
    { name: 'a', image: 'i' },
    { name: 'b', image: 'i' },
  ],
};

test.each<[string, Fields, unknown]>([
  ['nothing', {}, spec],
  ['a scalar', { 'f:nodeName': {} }, { ...spec, nodeName: undefined }],
  ['an atomic map', { 'f:nodeSelector': {} }, { ...spec, nodeSelector: undefined }],
  ['a member', { 'f:securityContext': { 'f:fsGroup': {} } }, { ...spec, securityContext: { runAsUser: 1 } }],
  ['all members', { 'f:securityContext': { 'f:fsGroup': {}, 'f:runAsUser': {} } }, { ...spec, securityContext: null }],
  ['an item', { 'f:containers': { 'k:{"name":"a"}': {} } }, { ...spec, containers: [spec.containers[1]] }],
  [
    'a field of an item',
    { 'f:containers': { 'k:{"name":"a"}': { 'f:image': {} } } },
    { ...spec, containers: [{ name: 'a' }, spec.containers[1]] },
  ],
])('removes %s', (_, fields, rest) => {
  const before = JSON.stringify(spec);
  expect(removeFields(schema, spec, fields)).toEqual(rest);
  expect(JSON.stringify(spec)).toBe(before);
});

test('the fields that a configuration sets', () => {
  expect(fieldSetOf(schema, { ...spec, affinity: null, dnsConfig: {}, tolerations: [] })).toEqual({
    'f:nodeName': {},
    'f:nodeSelector': {},
    'f:securityContext': { 'f:runAsUser': {}, 'f:fsGroup': {} },
    'f:containers': {
      'k:{"name":"a"}': { '.': {}, 'f:name': {}, 'f:image': {} },
      'k:{"name":"b"}': { '.': {}, 'f:name': {}, 'f:image': {} },
    },
    'f:affinity': {},
    'f:dnsConfig': {},
    'f:tolerations': {},
  });
  const meta = builtInSchema('meta.v1.ObjectMeta');
  expect(fieldSetOf(meta, { labels: { a: '1' }, finalizers: ['x'] })).toEqual({
    'f:labels': { 'f:a': {} },
    'f:finalizers': { 'v:"x"': {} },
  });
});

test('structs on the way belong to what is below them', () => {
  expect(
    withStructFields(schema, {
      'f:securityContext': { 'f:fsGroup': {} },
      'f:containers': { 'k:{"name":"a"}': { 'f:resources': { 'f:limits': { 'f:cpu': {} } } } },
    }),
  ).toEqual({
    'f:securityContext': { '.': {}, 'f:fsGroup': {} },
    'f:containers': {
      '.': {},
      'k:{"name":"a"}': { 'f:resources': { '.': {}, 'f:limits': { '.': {}, 'f:cpu': {} } } },
    },
  });
});
