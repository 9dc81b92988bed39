import { ageSince } from '../../machinery/time.ts';
import type { Cell } from '../definition.ts';
import type { Event } from '../schema/core-v1.generated.ts';

/** The cells of an event, for both of its APIs: last seen, type, reason, object, and with -o wide where it came from. */
export function eventRow(event: Event, now: number): readonly Cell[] {
  const { involvedObject, series } = event;
  const first = ageSince(event.firstTimestamp ?? event.eventTime, now);
  const last = series === undefined ? ageSince(event.lastTimestamp, now) : ageSince(series.lastObservedTime, now);
  const kind = (involvedObject.kind ?? '').toLowerCase();
  return [
    series === undefined && last === '<unknown>' ? first : last,
    event.type ?? '',
    event.reason ?? '',
    involvedObject.name ? `${kind}/${involvedObject.name}` : kind,
    involvedObject.fieldPath ?? '',
    sourceOf(event),
    (event.message ?? '').trim(),
    first,
    series === undefined ? event.count || 1 : (series.count ?? 0),
    event.metadata.name ?? '',
  ];
}

function sourceOf(event: Event): string {
  const component = event.source?.component || (event.reportingComponent ?? '');
  const instance = event.source?.host || (event.reportingInstance ?? '');
  return instance === '' ? component : `${component}, ${instance}`;
}
