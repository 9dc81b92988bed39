import { formatRange, type Ipv4Range, parseRange, rangesOverlap } from './ipv4.ts';

export interface ClusterRanges {
  readonly pods: string;
  readonly services: string;
}

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

const nodeRanges = ['192.168.240.0/24', '10.197.240.0/24', '172.30.240.0/24', '10.41.240.0/24', '192.168.56.0/24'];

export interface ChosenRanges extends ClusterRanges {
  /** For the user: which customary range was given up, and what it would have collided with. */
  readonly avoided: readonly { readonly range: string; readonly because: string }[];
}

/**
 * Ranges for pods and services that no network of the machine uses. `taken` are the destinations of its routes and
 * addresses (`192.168.1.0/24`). Throws when nothing is free, with what to pass instead.
 */
export function chooseRanges(taken: readonly string[]): ChosenRanges {
  const avoided: { range: string; because: string }[] = [];
  const used = taken.map((text) => ({ text, range: parseRange(text) })).filter(({ range }) => range.prefix > 0);
  const choose = (candidates: readonly string[], beside: readonly Ipv4Range[]) => {
    for (const candidate of candidates) {
      const range = parseRange(candidate);
      const collision = used.find((each) => rangesOverlap(each.range, range));
      if (collision === undefined && !beside.some((other) => rangesOverlap(other, range))) return range;
      if (collision !== undefined) avoided.push({ range: candidate, because: collision.text });
    }
    throw new Error(
      'every range that Stuurman would take for pods or services is in use on this machine; give ranges with --pod-cidr and --service-cidr',
    );
  };
  const pods = choose(podRanges, []);
  const services = choose(serviceRanges, [pods]);
  return { pods: formatRange(pods), services: formatRange(services), avoided };
}

/** A range for the nodes of one machine that have networks of their own. Throws when nothing is free. */
export function chooseNodeRange(taken: readonly string[]): string {
  const used = taken.map(parseRange).filter(({ prefix }) => prefix > 0);
  const free = nodeRanges.find((candidate) => !used.some((each) => rangesOverlap(each, parseRange(candidate))));
  if (free !== undefined) return free;
  throw new Error(
    `every range that Stuurman would take for nodes (${nodeRanges.join(', ')}) is in use on this machine: more nodes than one need a free one`,
  );
}
