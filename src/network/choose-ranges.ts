import { formatRange, type Ipv4Range, parseRange, rangesOverlap } from './ipv4.ts';

export interface ClusterRanges {
  readonly pods: string;
  readonly services: string;
}

/** Taken when those that people know are not free: many clusters may live on one machine. */
const spareRanges = (from: number) => Array.from({ length: 32 }, (_, index) => `10.${from + index}.0.0/16`);

/** In order of preference: Kubernetes' customary ranges first, then others of the private space. */
const podRanges = [
  '10.244.0.0/16',
  '10.42.0.0/16',
  '10.172.0.0/16',
  '172.28.0.0/16',
  '192.168.128.0/17',
  '10.199.0.0/16',
];
const serviceRanges = [
  '10.96.0.0/16',
  '10.43.0.0/16',
  '10.173.0.0/16',
  '172.29.0.0/16',
  '192.168.64.0/18',
  '10.198.0.0/16',
];

const nodeRanges = [
  ...['192.168.240.0/24', '10.197.240.0/24', '172.30.240.0/24', '10.41.240.0/24', '192.168.56.0/24'],
  ...Array.from({ length: 32 }, (_, index) => `10.197.${200 + index}.0/24`),
];

/** A range that is in use, and whose it is: `this machine`. */
export interface TakenRange {
  readonly range: string;
  readonly owner: string;
}

export interface ChosenRanges extends ClusterRanges {
  /** For the user: which customary range was given up, and what it would have collided with. */
  readonly avoided: readonly { readonly range: string; readonly because: TakenRange }[];
}

/**
 * Ranges for pods and services that no network of the machine uses. `taken` are the destinations of its routes and
 * addresses (`192.168.1.0/24`), and the ranges of its other clusters. Throws when nothing is free, with what to pass instead.
 */
export function chooseRanges(taken: readonly TakenRange[]): ChosenRanges {
  const avoided: { range: string; because: TakenRange }[] = [];
  const used = taken.map((because) => ({ because, range: parseRange(because.range) }));
  const choose = (customary: readonly string[], spare: readonly string[], beside: readonly Ipv4Range[]) => {
    for (const candidate of [...customary, ...spare]) {
      const range = parseRange(candidate);
      const collision = used.find((each) => each.range.prefix > 0 && rangesOverlap(each.range, range));
      if (collision === undefined && !beside.some((other) => rangesOverlap(other, range))) return range;
      if (collision !== undefined && customary.includes(candidate))
        avoided.push({ range: candidate, because: collision.because });
    }
    throw new Error(
      'every range that Stuurman would take for pods or services is in use on this machine; give ranges with --pod-cidr and --service-cidr',
    );
  };
  const pods = choose(podRanges, spareRanges(201), []);
  const services = choose(serviceRanges, spareRanges(128), [pods]);
  return { pods: formatRange(pods), services: formatRange(services), avoided };
}

/** A range for the nodes of one machine that have networks of their own. Throws when nothing is free. */
export function chooseNodeRange(taken: readonly string[]): string {
  const used = taken.map(parseRange).filter(({ prefix }) => prefix > 0);
  const free = nodeRanges.find((candidate) => !used.some((each) => rangesOverlap(each, parseRange(candidate))));
  if (free !== undefined) return free;
  throw new Error(
    `every range that Stuurman would take for nodes (${nodeRanges.slice(0, 5).join(', ')} and others) is in use on this machine: more nodes than one need a free one`,
  );
}
