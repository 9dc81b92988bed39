import { expect, test } from 'vitest';
import { builtInSchema } from '../../../test/support/built-in-schemas.ts';
import { withStoredLists } from './stored-lists.ts';

test('lists without items are null where Go writes a nil list, and nowhere else', () => {
  const slice = { addressType: 'IPv4', endpoints: [], ports: [{ name: '', port: 80 }], metadata: { finalizers: [] } };
  expect(withStoredLists(builtInSchema('discovery.v1.EndpointSlice'), slice)).toEqual({ ...slice, endpoints: null });
  const node = { spec: { drivers: [{ name: 'a', nodeID: 'x', topologyKeys: [] }] } };
  expect(withStoredLists(builtInSchema('storage.v1.CSINode'), node)).toEqual({
    spec: { drivers: [{ name: 'a', nodeID: 'x', topologyKeys: null }] },
  });
  expect(node.spec.drivers[0]?.topologyKeys, 'the value itself stays').toEqual([]);
});

test('what has nothing of the sort is the same object', () => {
  const pod = { spec: { containers: [{ name: 'a' }], volumes: [{ name: 'v', projected: { sources: [{}] } }] } };
  expect(withStoredLists(builtInSchema('core.v1.Pod'), pod)).toBe(pod);
});
