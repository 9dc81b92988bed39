import type { Host } from '../node/host/host.ts';
import { parseIpv4, parseRange, rangesOverlap } from './ipv4.ts';

const timeoutMs = 30_000;

/**
 * Has the kernel forget the connections of a cluster that is gone: it would remember them for days, and apply their translation to whatever
 * comes next with the same addresses. Nothing is forgotten where `conntrack` is not installed.
 */
export async function forgetFlows(
  { processes }: Pick<Host, 'processes'>,
  { podRange, serviceRange }: { readonly podRange: string; readonly serviceRange: string },
): Promise<void> {
  const run = (...filter: readonly string[]) =>
    processes.run(['conntrack', ...filter], { allowFailure: true, timeoutMs });
  try {
    await run('-D', '--orig-src', podRange);
    await run('-D', '--orig-dst', podRange);
    await run('-D', '--orig-dst', serviceRange);
    // Connections to ports of the machine that pods answer: a range cannot be named for those.
    const { stdout } = await run('-L', '--dst-nat');
    for (const address of answering(stdout, podRange)) await run('-D', '--reply-src', address);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
  }
}

/** Addresses of a range from which answers come, in what `conntrack -L` printed: the second source of each line. */
function answering(listed: string, range: string): ReadonlySet<string> {
  const within = parseRange(range);
  const found = listed.split('\n').flatMap((line) => [...line.matchAll(/src=(\S+)/g)][1]?.[1] ?? []);
  return new Set(
    found.filter((address) => {
      const first = parseIpv4(address);
      return first !== undefined && rangesOverlap({ first, prefix: 32 }, within);
    }),
  );
}
