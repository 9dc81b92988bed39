import { formatQuantity, quantityOf } from '../../machinery/quantity.ts';
import type { ContainerPoint, NodeSample, UsagePoint } from './usage-point.ts';

/** Two moments, between which something was used. */
interface Span<P extends UsagePoint> {
  readonly last: P;
  /** Undefined: it was seen for the first time, or has begun anew. */
  readonly before: P | undefined;
}

/** What is used, as quantities by resource. */
export interface MeasuredUsage {
  readonly usage: Readonly<Record<string, string>>;
  /** When, milliseconds since 1970, and over how long a time. */
  readonly timestamp: number;
  readonly windowMs: number;
}

export interface MeasuredPodUsage extends Pick<MeasuredUsage, 'timestamp' | 'windowMs'> {
  readonly containers: readonly { readonly name: string; readonly usage: MeasuredUsage['usage'] }[];
}

/** A container that is younger has used too little to say anything. */
const leastAgeMs = 10_000;

/** The last two samples of one node, from which there is a rate. What a node no longer tells of is forgotten. */
export class UsageHistory {
  readonly #resolutionMs: number;
  #node: Span<UsagePoint> | undefined;
  #pods: ReadonlyMap<string, ReadonlyMap<string, Span<ContainerPoint>>> = new Map();

  /** `resolutionMs`: how often samples come. */
  constructor(resolutionMs: number) {
    this.#resolutionMs = resolutionMs;
  }

  add({ node, pods }: NodeSample): void {
    this.#node = node && { last: node, before: earlier(this.#node, node) };
    const next = new Map<string, ReadonlyMap<string, Span<ContainerPoint>>>();
    for (const [key, points] of pods) {
      const known = this.#pods.get(key);
      const spans = new Map<string, Span<ContainerPoint>>();
      for (const [name, last] of points) spans.set(name, { last, before: this.#before(known?.get(name), last) });
      next.set(key, spans);
    }
    this.#pods = next;
  }

  /** Undefined before the second sample. */
  node(): MeasuredUsage | undefined {
    return this.#node && measured(this.#node);
  }

  /** Undefined while it is not known of all containers of the pod. */
  pod(namespace: string, name: string): MeasuredPodUsage | undefined {
    const spans = this.#pods.get(`${namespace}/${name}`);
    if (spans === undefined) return undefined;
    const containers = [...spans].flatMap(([container, span]) => {
      const own = measured(span);
      return own === undefined ? [] : [{ name: container, ...own }];
    });
    const [earliest] = containers.toSorted((a, b) => a.timestamp - b.timestamp);
    if (earliest === undefined || containers.length < spans.size) return undefined;
    const { timestamp, windowMs } = earliest;
    return { timestamp, windowMs, containers: containers.map(({ name: of, usage }) => ({ name: of, usage })) };
  }

  #before(known: Span<ContainerPoint> | undefined, last: ContainerPoint): ContainerPoint | undefined {
    const age = last.timestamp - last.startedAt;
    // What is new has used nothing before it began.
    if (age >= leastAgeMs && age < this.#resolutionMs) return { ...last, timestamp: last.startedAt, cpuSeconds: 0 };
    const restarted = known !== undefined && last.startedAt >= known.last.timestamp;
    return restarted ? undefined : earlier(known, last);
  }
}

/** What was known before, when the sample is newer than that. */
function earlier<P extends UsagePoint>(known: Span<P> | undefined, { timestamp }: P): P | undefined {
  if (known === undefined) return undefined;
  if (timestamp > known.last.timestamp) return known.last;
  return known.before !== undefined && known.before.timestamp < timestamp ? known.before : undefined;
}

function measured({ last, before }: Span<UsagePoint>): MeasuredUsage | undefined {
  // A counter that goes back belongs to something else.
  if (before === undefined || last.cpuSeconds < before.cpuSeconds) return undefined;
  const windowMs = last.timestamp - before.timestamp;
  const nanoCores = Math.floor(((last.cpuSeconds - before.cpuSeconds) * 1e12) / windowMs);
  const bytes = (count: number) => formatQuantity(quantityOf(Math.floor(count), 'BinarySI'));
  return {
    usage: {
      cpu: formatQuantity(quantityOf(nanoCores, 'DecimalSI', -9)),
      memory: bytes(last.memoryBytes),
      ...(last.swapBytes !== undefined && { swap: bytes(last.swapBytes) }),
    },
    timestamp: last.timestamp,
    windowMs,
  };
}
