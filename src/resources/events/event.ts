import { nameIsDnsSubdomain } from '../../machinery/names.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { validateObjectMeta } from '../../machinery/object-meta.ts';
import { define } from '../define.ts';
import { equal } from '../equal.ts';
import type { Event as CoreEvent } from '../schema/core-v1.generated.ts';
import type { Event } from '../schema/events-v1.generated.ts';
import { events, eventsEvents } from '../schema/resource-types.generated.ts';
import { eventRow } from './event-row.ts';
import { eventTimeToLiveSeconds } from './time-to-live.ts';
import { validateEvent, validateNewEvent, validateNewEventUnchanged, validateSeries } from './validate-event.ts';

/** The newer API of the same objects: what it writes is stored as an event of the core group. */
export const eventsEventDefinition = define<Event>(eventsEvents, {
  storage: {
    keyPrefix: '/registry/events/',
    timeToLiveSeconds: eventTimeToLiveSeconds,
    conversion: {
      storedAs: events,
      toStorage: toCoreEvent,
      fromStorage: (event) => fromCoreEvent(event as CoreEvent),
    },
  },
  setDefaults(event) {
    event.regarding ??= {};
    event.deprecatedSource ??= {};
  },
  validateName: nameIsDnsSubdomain,
  validate(event, errors) {
    const stored = toCoreEvent(event);
    validateEvent(stored, 'reportingController', errors);
    errors.push(...validateObjectMeta(stored.metadata, { namespaced: true, validateName: nameIsDnsSubdomain }));
    validateNewEvent(stored, errors);
  },
  validateUpdate(event, old, errors) {
    const stored = toCoreEvent(event);
    const oldStored = toCoreEvent(old);
    validateEvent(stored, 'reportingController', errors);
    if (!equal(stored.series, oldStored.series)) validateSeries(stored, errors);
    validateNewEventUnchanged(stored, oldStored, errors);
  },
  metadataLast: true,
  createOnUpdate: true,
  row: (event, now) => eventRow(toCoreEvent(event), now),
});

function toCoreEvent(event: Event): CoreEvent & KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: event.metadata,
    involvedObject: event.regarding ?? {},
    reason: event.reason,
    message: event.note,
    source: event.deprecatedSource ?? {},
    firstTimestamp: event.deprecatedFirstTimestamp,
    lastTimestamp: event.deprecatedLastTimestamp,
    count: event.deprecatedCount,
    type: event.type,
    eventTime: event.eventTime,
    series: event.series,
    action: event.action,
    related: event.related,
    reportingComponent: event.reportingController ?? '',
    reportingInstance: event.reportingInstance ?? '',
  };
}

function fromCoreEvent(event: CoreEvent): Event {
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: event.metadata,
    // An event of the old kind has none, which shows as null.
    eventTime: event.eventTime as string,
    series: event.series as Event['series'],
    reportingController: event.reportingComponent,
    reportingInstance: event.reportingInstance,
    action: event.action,
    reason: event.reason,
    regarding: event.involvedObject,
    related: event.related,
    note: event.message,
    type: event.type,
    deprecatedSource: event.source,
    deprecatedFirstTimestamp: event.firstTimestamp,
    deprecatedLastTimestamp: event.lastTimestamp,
    deprecatedCount: event.count,
  };
}
