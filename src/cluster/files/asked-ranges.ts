import { formatRange, type Ipv4Range, parseRange, rangesOverlap } from '../../network/ipv4.ts';

/** Ranges that a user asks for; what is absent is chosen. */
export interface AskedRanges {
  readonly podRange?: string | undefined;
  readonly serviceRange?: string | undefined;
}

/** The ranges of `--pod-cidr` and `--service-cidr` as they are usually written. Throws with what the options take. */
export function askedRanges(podCidr: string | undefined, serviceCidr: string | undefined): AskedRanges {
  const pods = askedRange('--pod-cidr', podCidr, 24, 'every node takes a /24 for its pods');
  const services = askedRange('--service-cidr', serviceCidr, 28, 'the name server has the tenth address');
  if (pods !== undefined && services !== undefined && rangesOverlap(pods, services))
    throw new Error(
      `--pod-cidr ${podCidr} and --service-cidr ${serviceCidr} overlap: pods and services need ranges of their own`,
    );
  return { podRange: pods && formatRange(pods), serviceRange: services && formatRange(services) };
}

function askedRange(option: string, text: string | undefined, longest: number, why: string): Ipv4Range | undefined {
  if (text === undefined) return undefined;
  const range = parseOrUndefined(text);
  if (range === undefined || range.prefix < 8 || range.prefix > longest)
    throw new Error(
      `${option} takes an IPv4 range from /8 to /${longest}, such as 10.244.0.0/16, not "${text}": ${why}`,
    );
  return range;
}

function parseOrUndefined(text: string): Ipv4Range | undefined {
  try {
    return parseRange(text);
  } catch {
    return undefined;
  }
}
