import type { FieldError } from '../../machinery/field-error.ts';
import { invalid, required } from '../../machinery/field-errors.ts';
import { dnsSubdomain, qualifiedName } from '../../machinery/names.ts';
import type { Event } from '../schema/core-v1.generated.ts';
import { applyRule } from '../validation/apply-rule.ts';
import { goValue } from '../validation/go-value.ts';
import { validateImmutable } from '../validation/immutable.ts';

const maxNameLength = 128;
const maxNoteLength = 1024;

/**
 * The rules that events of both APIs keep. Those with an `eventTime` are of the new kind and owe more.
 * `controllerField` is what the API at hand calls the reporting controller.
 */
export function validateEvent(
  event: Event,
  controllerField: 'reportingComponent' | 'reportingController',
  errors: FieldError[],
): void {
  if (isUnset(event.eventTime)) validateOldStyle(event, errors);
  else validateNewStyle(event, controllerField, errors);
  applyRule(dnsSubdomain, event.metadata.namespace ?? '', 'namespace', errors);
}

function validateOldStyle(event: Event, errors: FieldError[]): void {
  const about = event.involvedObject.namespace ?? '';
  const { namespace = '' } = event.metadata;
  const matches = about === '' ? namespace === '' || namespace === 'default' : about === namespace;
  if (!matches) errors.push(invalid('involvedObject.namespace', about, 'does not match event.namespace'));
}

function validateNewStyle(event: Event, controllerField: string, errors: FieldError[]): void {
  const about = event.involvedObject.namespace ?? '';
  const { namespace = '' } = event.metadata;
  if (about === '' && namespace !== 'default' && namespace !== 'kube-system')
    errors.push(invalid('involvedObject.namespace', about, 'does not match event.namespace'));
  const controller = event.reportingComponent ?? '';
  if (controller === '') errors.push(required(controllerField));
  applyRule(qualifiedName, controller, controllerField, errors);
  validateText(event.reportingInstance, 'reportingInstance', errors);
  validateText(event.action, 'action', errors);
  validateText(event.reason, 'reason', errors);
  if ((event.message ?? '').length > maxNoteLength)
    errors.push(invalid('message', '', `can have at most ${maxNoteLength} characters`));
}

function validateText(value: string | undefined, field: string, errors: FieldError[]): void {
  if (value === undefined || value === '') errors.push(required(field));
  else if (value.length > maxNameLength)
    errors.push(invalid(field, '', `can have at most ${maxNameLength} characters`));
}

/** What the events.k8s.io API asks for beyond that: no field of the old kind may be set. */
export function validateNewEvent(event: Event, errors: FieldError[]): void {
  validateSeries(event, errors);
  if (isUnset(event.eventTime)) errors.push(required('eventTime'));
  if (event.type !== 'Normal' && event.type !== 'Warning')
    errors.push(invalid('type', '', `has invalid value: ${event.type ?? ''}`));
  const unset = 'needs to be unset';
  if (!isUnset(event.firstTimestamp)) errors.push(invalid('firstTimestamp', '', unset));
  if (!isUnset(event.lastTimestamp)) errors.push(invalid('lastTimestamp', '', unset));
  if ((event.count ?? 0) !== 0) errors.push(invalid('count', '', unset));
  if (event.source?.component || event.source?.host) errors.push(invalid('source', '', unset));
}

export function validateSeries({ series }: Event, errors: FieldError[]): void {
  if (series === undefined) return;
  if ((series.count ?? 0) < 2) errors.push(invalid('series.count', '', 'should be at least 2'));
  if (isUnset(series.lastObservedTime)) errors.push(required('series.lastObservedTime'));
}

/** Of what Go type a field is that is a struct, for the message; those without one are shown as they are. */
const immutableFields = {
  involvedObject: 'core.v1.ObjectReference',
  reason: '',
  message: '',
  source: 'core.v1.EventSource',
  firstTimestamp: '',
  lastTimestamp: '',
  count: '',
  type: '',
  eventTime: '',
  action: '',
  related: 'core.v1.ObjectReference',
} as const satisfies Partial<Record<keyof Event, string>>;
const texts: ReadonlySet<string> = new Set(['reason', 'message', 'type', 'action']);

/** In the events.k8s.io API only the series of an event may change. */
export function validateNewEventUnchanged(event: Event, old: Event, errors: FieldError[]): void {
  for (const field in immutableFields) {
    const name = field as keyof typeof immutableFields;
    validateImmutable(event[name], old[name], name, errors, shown(event, name));
  }
  validateImmutable(event.reportingComponent, old.reportingComponent, 'reportingController', errors);
  validateImmutable(event.reportingInstance, old.reportingInstance, 'reportingInstance', errors);
}

function shown(event: Event, field: keyof typeof immutableFields): unknown {
  const value = event[field];
  if (texts.has(field)) return value ?? '';
  const isAbsent = field === 'related' && value === undefined;
  return immutableFields[field] === '' || isAbsent ? value : goValue(value, immutableFields[field]);
}

function isUnset(time: string | null | undefined): boolean {
  return time === undefined || time === null || time === '';
}
