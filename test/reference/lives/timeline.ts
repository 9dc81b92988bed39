import type { ContainerState, ContainerStatus, Event, Pod } from '../../../src/resources/schema/core-v1.generated.ts';

/** What was seen of a pod: by aspect, the values that it had, one after the other. */
export type Timeline = ReadonlyMap<string, readonly string[]>;

/** Builds a timeline of the versions of a pod and of the events about it, in the order in which a watcher sees them. */
export class TimelineBuilder {
  readonly #aspects = new Map<string, string[]>();
  readonly #names: readonly (readonly [RegExp | string, string])[];

  /** What differs between clusters and is said by its name instead. */
  constructor(names: { readonly namespace: string; readonly node: string; readonly uid: string }) {
    this.#names = [
      [names.uid, '<uid>'],
      [names.namespace, '<namespace>'],
      [names.node, '<node>'],
      [/[0-9a-f]{64}/g, '<id>'],
      [/\b\d{1,3}(?:\.\d{1,3}){3}(?=[:/,\s"]|$)(?<!127\.0\.0\.1)/g, '<ip>'],
      [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g, '<time>'],
      [/\b(?:\d+m)?\d+(?:\.\d+)?(?:s|ms) \(\d+(?:\.\d+)?(?:s|ms) including waiting\)/g, '<duration>'],
      [/(<ip>|127\.0\.0\.1):\d{5}->/g, '$1:<port>->'],
    ];
  }

  get timeline(): Timeline {
    return this.#aspects;
  }

  pod({ status, metadata }: Pod): void {
    this.#note('phase', status?.phase);
    if (status?.reason !== undefined || status?.message !== undefined)
      this.#note('reason', words(status.reason, status.message));
    if (metadata.deletionTimestamp != null) this.#note('deletion', `grace ${metadata.deletionGracePeriodSeconds}`);
    for (const { type, status: value, reason, message } of status?.conditions ?? [])
      this.#note(`condition ${type}`, words(value, reason, message));
    for (const [kind, list = []] of [
      ['init', status?.initContainerStatuses],
      ['container', status?.containerStatuses],
      ['ephemeral', status?.ephemeralContainerStatuses],
    ] as const)
      for (const each of list) this.#note(`${kind} ${each.name}`, containerText(each));
    for (const { name, resources, allocatedResources } of status?.containerStatuses ?? [])
      this.#note(`resources ${name}`, inOrder({ resources, allocatedResources }));
  }

  event({ type, reason, message, source, reportingComponent, involvedObject }: Event): void {
    // Containers end at the same time, and which of them is told first is chance.
    const about = involvedObject.fieldPath === undefined ? '' : ` about ${involvedObject.fieldPath}`;
    const aspect = `events of ${source?.component || reportingComponent || 'nobody'}${about}`;
    this.#note(aspect, words(type, reason, message), 'once');
  }

  /** A value that the aspect has already is not news; of an event, one that it ever had. */
  #note(aspect: string, value: string | undefined, repeats: 'again' | 'once' = 'again'): void {
    if (value === undefined) return;
    let text = value;
    for (const [what, name] of this.#names) if (what !== '') text = text.replaceAll(what, name);
    text = text.trim().replaceAll(/\s*\n\s*/g, ' ');
    const values = this.#aspects.get(aspect) ?? [];
    this.#aspects.set(aspect, values);
    if (repeats === 'again' ? values.at(-1) !== text : !values.includes(text)) values.push(text);
  }
}

/** JSON with its keys in their order. */
function inOrder(value: object): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'object' && each !== null ? Object.fromEntries(Object.entries(each).sort()) : each,
  );
}

function words(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join(' ');
}

function containerText({ restartCount, ready, started, state, lastState }: ContainerStatus): string {
  const flags = [ready === true && 'ready', started === true && 'started'].filter((each) => each !== false);
  const last = lastState?.terminated === undefined ? '' : `, last ${stateText(lastState)}`;
  return words(stateText(state), `restarts ${restartCount}`, ...flags) + last;
}

function stateText(state: ContainerState | undefined): string {
  if (state?.waiting !== undefined) return words('waiting', state.waiting.reason, state.waiting.message);
  if (state?.running !== undefined) return 'running';
  if (state?.terminated === undefined) return 'unknown';
  const { exitCode, signal, reason, message } = state.terminated;
  return words(`terminated ${exitCode}`, signal === undefined ? '' : `signal ${signal}`, reason, message);
}
