import { expect, test } from 'vitest';
import type { Event as CoreEvent } from '../schema/core-v1.generated.ts';
import type { Event } from '../schema/events-v1.generated.ts';
import { eventsEventDefinition } from './event.ts';

const conversion = eventsEventDefinition.storage?.conversion;

test('an event of the newer API is stored as one of the core group, and shown as it was written', () => {
  const event: Event = {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: 'web.1', namespace: 'default' },
    eventTime: '2026-01-01T00:00:00.000001Z',
    series: { count: 2, lastObservedTime: '2026-01-01T00:01:00.000001Z' },
    reportingController: 'example.com/controller',
    reportingInstance: 'controller-1',
    action: 'Binding',
    reason: 'Scheduled',
    regarding: { kind: 'Pod', name: 'web' },
    related: { kind: 'Node', name: 'node-1' },
    note: 'assigned',
    type: 'Normal',
    deprecatedSource: {},
  };
  const stored = conversion?.toStorage(event);
  expect(stored).toEqual({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: event.metadata,
    eventTime: event.eventTime,
    series: event.series,
    reportingComponent: 'example.com/controller',
    reportingInstance: 'controller-1',
    action: 'Binding',
    reason: 'Scheduled',
    involvedObject: event.regarding,
    related: event.related,
    message: 'assigned',
    type: 'Normal',
    source: {},
  });
  expect(stored && conversion?.fromStorage(stored)).toEqual(event);
});

test('an event of the core group is shown with its counts and times as deprecated', () => {
  const stored: CoreEvent = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'web.2', namespace: 'default' },
    involvedObject: { kind: 'Pod', name: 'web' },
    reason: 'Pulled',
    message: 'already there',
    source: { component: 'kubelet', host: 'node-1' },
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:05:00Z',
    count: 3,
    type: 'Normal',
    reportingComponent: '',
    reportingInstance: '',
  };
  const shown = conversion?.fromStorage(stored);
  expect(shown).toMatchObject({
    apiVersion: 'events.k8s.io/v1',
    note: 'already there',
    deprecatedSource: { component: 'kubelet', host: 'node-1' },
    deprecatedFirstTimestamp: '2026-01-01T00:00:00Z',
    deprecatedLastTimestamp: '2026-01-01T00:05:00Z',
    deprecatedCount: 3,
  });
  expect(shown && conversion?.toStorage(shown)).toEqual(stored);
});
