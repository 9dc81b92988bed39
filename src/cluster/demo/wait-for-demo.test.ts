import { beforeEach, expect, test } from 'vitest';
import { FakeClient } from '../../../test/support/fake-client.ts';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import { deployments, pods, statefulSets } from '../../resources/schema/resource-types.generated.ts';
import { waitForDemo } from './wait-for-demo.ts';

const namespace = 'shop';
const parts = [
  [deployments, 'database', 1],
  [statefulSets, 'application', 2],
  [deployments, 'web', 3],
] as const;
let environment: VirtualEnvironment;
let api: FakeClient;
let all: string[];
let running: Set<string>;
let told: string[];
let ended: string | undefined;

/** A shop that has been rolled out, as the store remembers it. */
beforeEach(async () => {
  environment = new VirtualEnvironment(1);
  api = new FakeClient(environment);
  [all, running, told, ended] = [[], new Set(), [], undefined];
  for (const [type, name, replicas] of parts) {
    const status = { observedGeneration: 1, updatedReplicas: replicas, availableReplicas: replicas };
    await api.create(type, { metadata: { namespace, name, generation: 1 }, status } as never);
    for (let at = 0; at < replicas; at++) {
      const pod = await api.create(pods, {
        metadata: { namespace, name: `${name}-${at}`, labels: { app: name } },
        spec: { nodeName: 'n1', containers: [] },
        status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
      });
      all.push(pod.metadata.uid ?? '');
    }
  }
  const options = { client: api, environment, runningOn: async () => running };
  waitForDemo(options, (text) => told.push(text)).then(
    () => {
      ended = 'available';
    },
    (error: Error) => {
      ended = error.message;
    },
  );
});

test('what the store remembers does not count before a runtime has it', async () => {
  await environment.advance(1000);
  expect([ended, told.at(-1)]).toEqual([undefined, 'database 0/1, application 0/2, web 0/3']);
  running = new Set(all.slice(0, 5));
  await environment.advance(1000);
  expect([ended, told.at(-1)]).toEqual([undefined, 'database 1/1, application 2/2, web 2/3']);
  running = new Set(all);
  await environment.advance(1000);
  expect(ended).toBe('available');
});

test('a manifest that has changed is rolled out first', async () => {
  const body = { status: { updatedReplicas: 1 } };
  await api.patch(deployments, { namespace, name: 'web' }, { type: 'merge', body });
  running = new Set(all);
  await environment.advance(1000);
  expect(ended).toBeUndefined();
});

test('a shop that does not become available says why', async () => {
  const waiting = { reason: 'ErrImagePull', message: 'not found' };
  const status = { containerStatuses: [{ name: 'main', state: { waiting } }], conditions: [] };
  await api.patch(pods, { namespace, name: 'web-0' }, { type: 'merge', body: { status } });
  running = new Set(all);
  await environment.advance(300_000);
  expect(ended).toBe(
    'the shop did not become available (web-0: ErrImagePull not found): see kubectl -n shop describe pods',
  );
});
