import { pathSegmentName } from '../../machinery/names.ts';
import { define } from '../define.ts';
import { eventRow } from '../events/event-row.ts';
import { eventTimeToLiveSeconds } from '../events/time-to-live.ts';
import { validateEvent } from '../events/validate-event.ts';
import type { Event } from '../schema/core-v1.generated.ts';
import { events } from '../schema/resource-types.generated.ts';

export const eventDefinition = define<Event>(events, {
  anyFinalizer: true,
  storage: { keyPrefix: '/registry/events/', timeToLiveSeconds: eventTimeToLiveSeconds },
  setDefaults(event) {
    event.source ??= {};
  },
  validateName: pathSegmentName,
  validate(event, errors) {
    validateEvent(event, 'reportingComponent', errors);
  },
  metadataLast: true,
  createOnUpdate: true,
  fields: { source: (event) => event.source?.component || (event.reportingComponent ?? '') },
  row: eventRow,
});
