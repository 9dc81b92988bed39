import { expect, test } from 'vitest';
import { builtInSchema } from '../../../test/support/built-in-schemas.ts';
import { applyMergePatch } from './merge.ts';
import { patchedJson } from './patched-json.ts';

const schema = builtInSchema('core.v1.Service');
const live = {
  kind: 'Service',
  apiVersion: 'v1',
  metadata: { uid: 'u', labels: { z: '1', a: '<2>' }, name: 'web' },
  spec: { type: 'ClusterIP', ports: [{ targetPort: 80, port: 80, name: 'http' }] },
};

test('members are sorted where the patch went through them, and in the order of the type elsewhere', () => {
  const patched = applyMergePatch(live, { spec: { selector: { app: 'web' } } });
  expect(patchedJson(schema, live, patched)).toBe(
    '{"apiVersion":"v1","kind":"Service","metadata":{"name":"web","uid":"u","labels":{"a":"\\u003c2\\u003e","z":"1"}},' +
      '"spec":{"ports":[{"name":"http","port":80,"targetPort":80}],"selector":{"app":"web"},"type":"ClusterIP"}}',
  );
});

test('what is no object is quoted as it is', () => {
  expect(patchedJson(schema, live, [1, { b: 1, a: null }])).toBe('[1,{"a":null,"b":1}]');
  expect(patchedJson(schema, live, 'text')).toBe('"text"');
});
