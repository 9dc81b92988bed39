import { readFile } from 'node:fs/promises';
import type { InterfaceUsage, TrafficUsage } from '../host.ts';
import type { CgroupHierarchy } from './cgroup-hierarchies.ts';
import { readCgroupProcesses } from './cgroup-usage.ts';

/** What goes through these says nothing of the traffic of a node or pod: it never leaves, or is counted elsewhere too. */
const leftOut = /^(lo|veth|docker|nerdctl)/i;

/** The interfaces in the network namespace of a cgroup's processes, or of this process; undefined where nothing runs in the cgroup. */
export async function readNetworkUsage(
  hierarchies: readonly CgroupHierarchy[],
  cgroup: string | undefined,
): Promise<readonly InterfaceUsage[] | undefined> {
  const pid = cgroup === undefined ? 'self' : readCgroupProcesses(hierarchies, cgroup)[0];
  if (pid === undefined) return undefined;
  try {
    return parseNetDev(await readFile(`/proc/${pid}/net/dev`, 'utf8'));
  } catch (error) {
    // The process has ended.
    if (['ENOENT', 'ESRCH', 'EINVAL'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** `/proc/net/dev`: two lines of headings, then eight figures for what was received and eight for what was sent. */
export function parseNetDev(text: string): readonly InterfaceUsage[] {
  return text.split('\n').flatMap((line): readonly InterfaceUsage[] => {
    const [, name, figures] = /^\s*([^\s|]+):\s*(.*)$/.exec(line) ?? [];
    if (name === undefined || figures === undefined || leftOut.test(name)) return [];
    const numbers = figures.trim().split(/\s+/).map(Number);
    return [{ name, received: traffic(numbers.slice(0, 8)), sent: traffic(numbers.slice(8)) }];
  });
}

function traffic([bytes = 0, packets = 0, errors = 0, dropped = 0]: readonly number[]): TrafficUsage {
  return { bytes, packets, errors, dropped };
}
