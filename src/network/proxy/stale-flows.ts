import type { DatagramFront } from './datagram-fronts.ts';

/** A flow of datagrams that the kernel follows: from whom to where, and from where answers come. */
export interface DatagramFlow {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  /** `address:port`. */
  readonly answeredBy: string;
}

/** Reads what `conntrack -L -p udp` prints. */
export function parseFlows(text: string): readonly DatagramFlow[] {
  const pattern = /^udp\s.*?src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+) .*?src=(\S+) dst=\S+ sport=(\d+) dport=\d+/;
  return text.split('\n').flatMap((line) => {
    const [, source = '', destination = '', from, to, answers = '', answerPort = ''] = pattern.exec(line) ?? [];
    if (from === undefined) return [];
    return {
      source,
      sourcePort: Number(from),
      destination,
      destinationPort: Number(to),
      answeredBy: `${answers}:${answerPort}`,
    };
  });
}

/**
 * Those flows to a front that lead to nobody who serves it. The kernel translates the datagrams of a flow for as long as they come, so a
 * client that keeps its port would go on talking to a pod that is gone, or to the node itself from before there was a service.
 */
export function staleFlows(
  flows: readonly DatagramFlow[],
  { address, port, servers }: DatagramFront,
  nodeAddresses: ReadonlySet<string>,
): readonly DatagramFlow[] {
  return flows.filter((flow) => {
    if (flow.destinationPort !== port || servers.has(flow.answeredBy)) return false;
    if (address !== undefined) return flow.destination === address;
    // Datagrams to the same port of other machines are nobody's concern here.
    return nodeAddresses.has(flow.destination) || flow.destination.startsWith('127.');
  });
}
