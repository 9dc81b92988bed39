import { expect, test } from 'vitest';
import { builtInSchema } from '../../../test/support/built-in-schemas.ts';
import { typedObject } from './typed-object.ts';

const schema = builtInSchema('core.v1.Pod');
const pod = (memory: unknown) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default' },
  spec: { containers: [{ name: 'main', resources: { limits: { memory } } }] },
});

test('what fits is brought into normal form', () => {
  expect(typedObject(schema, pod('1024Mi'), pod('1024Mi'))).toMatchObject(pod('1Gi'));
});

test('what is no value of its type refuses the configuration', () => {
  const why = 'failed to convert new object (default/web; /v1, Kind=Pod) to proper version: unable to convert';
  expect(() => typedObject(schema, pod('1GB'), pod('1GB'))).toThrow(why);
});

test('a number that is too large for its type keeps its lower bits', () => {
  const merged = { ...pod('1Gi'), spec: { activeDeadlineSeconds: 5, securityContext: {}, priority: 2 ** 32 + 7 } };
  expect(typedObject(schema, merged, merged)).toMatchObject({ spec: { priority: 7 } });
});
