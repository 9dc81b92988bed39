import { expect, test } from 'vitest';
import { FakeClient, statusError } from '../../test/support/fake-client.ts';
import { VirtualEnvironment } from '../machinery/environment/virtual.ts';
import { silentLogger } from '../machinery/log.ts';
import { silentMetrics } from '../machinery/metrics.ts';
import type { Event, Pod } from '../resources/schema/core-v1.generated.ts';
import { events, pods } from '../resources/schema/resource-types.generated.ts';
import { QueuedEventRecorder } from './event-recorder.ts';
import { referenceTo } from './object-reference.ts';

function world() {
  const environment = new VirtualEnvironment(1);
  const fake = new FakeClient(environment);
  const source = { component: 'kubelet', host: 'node-1' };
  const recorder = new QueuedEventRecorder({
    client: fake.client,
    environment,
    logger: silentLogger,
    metrics: silentMetrics,
    source,
  });
  const pod: Pod = { metadata: { namespace: 'shop', name: 'web-0', uid: 'uid-1', resourceVersion: '7' } };
  const about = referenceTo(pods, pod);
  const all = async (): Promise<readonly Event[]> => (await fake.list(events)).items;
  return { environment, fake, recorder, about, all };
}

test('writes an event as kubectl describe expects it', async () => {
  const { environment, recorder, about, all } = world();
  recorder.event(about, 'Normal', 'Started', 'Started container web');
  await environment.settle();
  const [event] = await all();
  expect(event).toMatchObject({
    metadata: { namespace: 'shop', name: expect.stringMatching(/^web-0\.[\da-f]{16}$/) },
    involvedObject: {
      kind: 'Pod',
      apiVersion: 'v1',
      namespace: 'shop',
      name: 'web-0',
      uid: 'uid-1',
      resourceVersion: '7',
    },
    type: 'Normal',
    reason: 'Started',
    message: 'Started container web',
    source: { component: 'kubelet', host: 'node-1' },
    reportingComponent: 'kubelet',
    reportingInstance: 'node-1',
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:00:00Z',
    count: 1,
  });
});

test('raises the count of what was told before', async () => {
  const { environment, recorder, about, all } = world();
  for (let time = 0; time < 3; time++) {
    recorder.event(about, 'Warning', 'BackOff', 'Back-off restarting failed container');
    await environment.advance(10_000);
  }
  expect(await all()).toMatchObject([
    { count: 3, firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:00:20Z' },
  ]);
});

test('begins anew when the event has expired', async () => {
  const { environment, fake, recorder, about, all } = world();
  recorder.event(about, 'Warning', 'BackOff', 'Back-off');
  await environment.settle();
  const [first] = await all();
  await fake.delete(events, { namespace: 'shop', name: first?.metadata.name ?? '' });
  recorder.event(about, 'Warning', 'BackOff', 'Back-off');
  await environment.settle();
  expect(await all()).toMatchObject([{ count: 2 }]);
});

test('many different messages about one matter become one event', async () => {
  const { environment, recorder, about, all } = world();
  for (let each = 0; each < 12; each++) recorder.event(about, 'Normal', 'Pulled', `image ${each}`);
  await environment.settle();
  const messages = (await all()).map((event) => `${event.count} ${event.message}`).sort();
  expect(messages).toHaveLength(10);
  expect(messages).toContain('3 (combined from similar events): image 11');
});

test('one object gets 25 events at once and then one in five minutes', async () => {
  const { environment, recorder, about, all } = world();
  for (let each = 0; each < 40; each++) recorder.event(about, 'Normal', `Reason${each}`, 'message');
  await environment.settle();
  expect(await all()).toHaveLength(25);
  await environment.advance(300_000);
  recorder.event(about, 'Normal', 'Later', 'message');
  recorder.event(about, 'Normal', 'TooSoon', 'message');
  recorder.event({ ...about, name: 'web-1', uid: 'uid-2' }, 'Normal', 'Other', 'message');
  await environment.settle();
  expect((await all()).map((event) => event.reason).filter((reason) => !reason?.startsWith('Reason'))).toEqual([
    'Later',
    'Other',
  ]);
});

test('tries again while the server is away, and not when it says no', async () => {
  const { environment, fake, recorder, about, all } = world();
  fake.setDown(true);
  recorder.event(about, 'Normal', 'Started', 'message');
  await environment.advance(25_000);
  fake.setDown(false);
  await environment.advance(10_000);
  expect(await all()).toHaveLength(1);
  const before = fake.actions.length;
  fake.failNext('create', events, statusError('Forbidden', 403, 'namespace is being terminated'));
  recorder.event(about, 'Normal', 'Refused', 'message');
  await environment.advance(60_000);
  expect(fake.actions.length - before).toBe(1);
  await recorder.stop();
});

test('drops what exceeds its bound', async () => {
  const { environment, recorder, about, all } = world();
  for (let each = 0; each < 1_500; each++) recorder.event({ ...about, name: `p${each}` }, 'Normal', 'R', 'message');
  await environment.settle();
  expect(await all()).toHaveLength(1_000);
});

test('stops without leaving work behind', async () => {
  const { environment, fake, recorder, about } = world();
  fake.setDown(true);
  recorder.event(about, 'Normal', 'Early', 'message');
  recorder.event({ ...about, name: 'web-1' }, 'Normal', 'Early', 'message');
  await environment.settle();
  const stopping = recorder.stop();
  recorder.event(about, 'Normal', 'Late', 'message');
  await stopping;
  await environment.advance(1_000_000);
  expect(fake.actions).toHaveLength(1);
});
