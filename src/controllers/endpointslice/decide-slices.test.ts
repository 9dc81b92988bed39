import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Service } from '../../resources/schema/core-v1.generated.ts';
import type { Endpoint, EndpointSlice } from '../../resources/schema/discovery-v1.generated.ts';
import { decideSlices } from './decide-slices.ts';
import { type EndpointGroup, portsKey } from './desired-endpoints.ts';

const service: Service = {
  metadata: { namespace: 'shop', name: 'web', uid: 'uid' },
  spec: { selector: { app: 'web' } },
};

function endpoint(id: number, ready: boolean): Endpoint {
  return { addresses: [`10.0.${id >> 8}.${id & 255}`], conditions: { ready }, targetRef: { uid: `pod-${id}` } };
}

/** Pods by the port that they have; each is ready or not. */
type Wanted = ReadonlyMap<number, { readonly port: number; readonly ready: boolean }>;

function groupsOf(wanted: Wanted): ReadonlyMap<string, EndpointGroup> {
  const groups = new Map<string, { ports: { port: number }[]; endpoints: Endpoint[] }>();
  for (const [id, { port, ready }] of wanted) {
    const ports = [{ port }];
    const group = groups.get(portsKey(ports)) ?? { ports, endpoints: [] };
    group.endpoints.push(endpoint(id, ready));
    groups.set(portsKey(ports), group);
  }
  return groups;
}

/** What there is after the changes were made; new slices get names. */
function perform(existing: readonly EndpointSlice[], wanted: Wanted) {
  const request = { service, addressType: 'IPv4', existing, groups: groupsOf(wanted), triggerTime: undefined };
  const changes = decideSlices(request);
  const byName = new Map(existing.map((slice) => [slice.metadata.name, slice]));
  for (const slice of changes.delete) byName.delete(slice.metadata.name);
  for (const slice of changes.update) byName.set(slice.metadata.name, slice);
  for (const [index, slice] of changes.create.entries()) {
    const name = `s${existing.length}-${index}-${[...byName.keys()].length}`;
    byName.set(name, { ...slice, metadata: { ...slice.metadata, name } });
  }
  return { changes, slices: [...byName.values()] };
}

const pods = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.constantFrom(80, 81), fc.boolean()), {
    selector: ([id]) => id,
    maxLength: 350,
  })
  .map((list): Wanted => new Map(list.map(([id, port, ready]) => [id, { port, ready }])));

test('after any two changes the slices show what is wanted, once each, none too full, and are then left alone', () => {
  fc.assert(
    fc.property(pods, pods, (first, second) => {
      const before = perform([], first).slices;
      const { slices } = perform(before, second);
      const shown = new Map<string, string>();
      for (const slice of slices) {
        expect(slice.endpoints?.length ?? 0).toBeLessThanOrEqual(100);
        for (const each of slice.endpoints ?? []) {
          const id = each.targetRef?.uid ?? '';
          expect(shown.has(id)).toBe(false);
          shown.set(id, `${slice.ports?.[0]?.port} ${each.conditions?.ready}`);
        }
      }
      expect(shown).toEqual(new Map([...second].map(([id, { port, ready }]) => [`pod-${id}`, `${port} ${ready}`])));
      expect(slices.length).toBeGreaterThan(0);
      const again = perform(slices, second).changes;
      expect([again.create, again.update, again.delete].map((each) => each.length)).toEqual([0, 0, 0]);
    }),
    { numRuns: 60 },
  );
});

test('new endpoints go where something changes anyway', () => {
  const many: Wanted = new Map(Array.from({ length: 250 }, (_, id) => [id, { port: 80, ready: true }]));
  const { slices } = perform([], many);
  const changed = new Map(many);
  changed.delete(120);
  changed.set(300, { port: 80, ready: true });
  const { changes } = perform(slices, changed);
  expect([changes.create.length, changes.update.length, changes.delete.length]).toEqual([0, 1, 0]);
});
