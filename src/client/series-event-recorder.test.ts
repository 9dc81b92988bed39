import { expect, test } from 'vitest';
import { FakeClient } from '../../test/support/fake-client.ts';
import { VirtualEnvironment } from '../machinery/environment/virtual.ts';
import { silentLogger } from '../machinery/log.ts';
import { silentMetrics } from '../machinery/metrics.ts';
import type { Pod } from '../resources/schema/core-v1.generated.ts';
import type { Event } from '../resources/schema/events-v1.generated.ts';
import { eventsEvents, pods } from '../resources/schema/resource-types.generated.ts';
import { referenceTo } from './object-reference.ts';
import { SeriesEventRecorder } from './series-event-recorder.ts';

const pod: Pod = { metadata: { namespace: 'shop', name: 'web-0', uid: 'uid-1', resourceVersion: '7' } };
const failure = {
  regarding: referenceTo(pods, pod),
  type: 'Warning',
  reason: 'FailedScheduling',
  action: 'Scheduling',
  message: 'no nodes available to schedule pods',
} as const;

function world() {
  const environment = new VirtualEnvironment(1);
  const fake = new FakeClient(environment);
  const recorder = new SeriesEventRecorder({
    client: fake.client,
    environment,
    logger: silentLogger,
    metrics: silentMetrics,
    component: 'default-scheduler',
    instance: 'default-scheduler-vm',
  });
  const all = async (): Promise<readonly Event[]> => (await fake.list(eventsEvents)).items;
  return { environment, fake, recorder, all };
}

test('writes what was done, to what, on account of what, and who did it', async () => {
  const { environment, recorder, all } = world();
  const related = referenceTo(pods, { metadata: { namespace: 'shop', name: 'big', uid: 'uid-2' } });
  recorder.record({ ...failure, related, type: 'Normal', reason: 'Preempted', action: 'Preempting', message: 'x' });
  await environment.settle();
  expect(await all()).toMatchObject([
    {
      metadata: { namespace: 'shop', name: expect.stringMatching(/^web-0\.[\da-f]{16}$/) },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'default-scheduler',
      reportingInstance: 'default-scheduler-vm',
      action: 'Preempting',
      reason: 'Preempted',
      regarding: { kind: 'Pod', name: 'web-0', uid: 'uid-1' },
      related: { kind: 'Pod', name: 'big', uid: 'uid-2' },
      note: 'x',
      type: 'Normal',
    },
  ]);
});

test('a second time makes a series, whose end is written when nothing has happened for six minutes', async () => {
  const { environment, recorder, all } = world();
  for (const message of ['first', 'second', 'third']) {
    recorder.record({ ...failure, message });
    await environment.advance(60_000);
  }
  const [event, ...others] = await all();
  expect(others).toEqual([]);
  expect(event).toMatchObject({
    note: 'first',
    series: { count: 2, lastObservedTime: '2026-01-01T00:01:00.000000Z' },
  });
  await environment.advance(12 * 60_000);
  expect((await all())[0]?.series).toEqual({ count: 3, lastObservedTime: '2026-01-01T00:02:00.000000Z' });
  recorder.record(failure);
  await environment.settle();
  expect(await all()).toHaveLength(2);
});

test('a series that goes on is written every half hour, and begins anew when its event is gone', async () => {
  const { environment, fake, recorder, all } = world();
  const tell = async (times: number) => {
    for (let time = 0; time < times; time++) {
      recorder.record(failure);
      await environment.advance(60_000);
    }
  };
  await tell(40);
  expect((await all())[0]?.series?.count).toBeGreaterThan(20);
  for (const { metadata } of await all()) {
    const { namespace, name = '' } = metadata;
    await fake.client.delete(eventsEvents, { namespace, name });
  }
  await tell(40);
  expect((await all()).map(({ series }) => (series?.count ?? 0) > 60)).toEqual([true]);
});

test('nothing is left behind when it is stopped', async () => {
  const { environment, recorder, all } = world();
  recorder.record(failure);
  await recorder.stop();
  recorder.record({ ...failure, reason: 'Other' });
  await environment.advance(3_600_000);
  expect(await all()).toEqual([]);
});
