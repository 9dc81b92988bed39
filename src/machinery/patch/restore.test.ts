import { expect, test } from 'vitest';
import { builtInSchema } from '../../../test/support/built-in-schemas.ts';
import { restoreProblem } from './restore.ts';

const deployment = builtInSchema('apps.v1.Deployment');
const configMap = builtInSchema('core.v1.ConfigMap');

/** What a Kubernetes 1.37.1 answered for each. */
test.each<[object, string | undefined]>([
  [{ spec: { replicas: 3, paused: true, strategy: { rollingUpdate: { maxSurge: '25%' } } } }, undefined],
  [{ spec: { replicas: 'x' } }, 'unrecognized type: int32'],
  [{ spec: { replicas: 1.5 } }, 'cannot convert float64 to int32'],
  [{ spec: { replicas: {} } }, 'unrecognized type: int32'],
  [{ spec: { paused: 1 } }, 'unrecognized type: bool'],
  [{ spec: 1 }, 'cannot restore struct from: int64'],
  [{ spec: [] }, 'cannot restore struct from: slice'],
  [{ spec: { template: 'x' } }, 'cannot restore struct from: string'],
  [{ spec: { template: { spec: { containers: {} } } } }, 'cannot restore slice from map'],
  [{ spec: { template: { spec: { containers: 'x' } } } }, 'cannot restore slice from string'],
  [{ metadata: { labels: 'x' } }, 'cannot restore map from string'],
  [{ metadata: { labels: { a: 1 } } }, 'cannot convert int64 to string'],
  [{ metadata: { labels: { a: true } } }, 'unrecognized type: string'],
  [{ metadata: { creationTimestamp: 1 } }, 'json: cannot unmarshal number into Go value of type string'],
  [
    { metadata: { creationTimestamp: 'x' } },
    'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"',
  ],
  [
    { spec: { strategy: { rollingUpdate: { maxSurge: true } } } },
    'json: cannot unmarshal bool into Go value of type int32',
  ],
  [
    { spec: { template: { spec: { containers: [{ resources: { limits: { cpu: '1i' } } }] } } } },
    "unable to parse quantity's suffix",
  ],
])('%j: %s', (value, problem) => {
  expect(restoreProblem(deployment, value)).toBe(problem);
});

test('bytes', () => {
  expect(restoreProblem(configMap, { binaryData: { a: 'aGk=', b: null } })).toBeUndefined();
  expect(restoreProblem(configMap, { binaryData: { a: 1 } })).toBe('cannot restore slice from int64');
  expect(restoreProblem(configMap, { binaryData: { a: '***' } })).toBe(
    'error decoding from json: illegal base64 data at input byte 0',
  );
});
