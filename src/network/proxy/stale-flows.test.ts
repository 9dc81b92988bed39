import { describe, expect, test } from 'vitest';
import { type DatagramFront, frontsToClean } from './datagram-fronts.ts';
import { parseFlows, staleFlows } from './stale-flows.ts';

const listed = `
udp      17 29 src=10.244.0.5 dst=10.96.0.10 sport=40000 dport=53 src=10.244.0.1 dst=10.244.0.5 sport=5353 dport=40000 [ASSURED] mark=16384 use=1
udp      17 29 src=192.0.2.7 dst=192.0.2.1 sport=40001 dport=30053 [UNREPLIED] src=192.0.2.1 dst=192.0.2.7 sport=30053 dport=40001 mark=0 use=1
udp      17 29 src=192.0.2.1 dst=198.51.100.1 sport=40002 dport=30053 src=198.51.100.1 dst=192.0.2.1 sport=30053 dport=40002 mark=0 use=1
conntrack v1.4.7 (conntrack-tools): 3 flow entries have been shown.
`;
const flows = parseFlows(listed);
const node = new Set(['192.0.2.1']);
const front = (address: string | undefined, port: number, ...servers: string[]): DatagramFront => ({
  address,
  port,
  servers: new Set(servers),
});
const stale = (asked: DatagramFront) => staleFlows(flows, asked, node).map(({ sourcePort }) => sourcePort);

test('flows are read, also those that were not answered', () => {
  expect(flows).toHaveLength(3);
  expect(flows[0]).toEqual({
    source: '10.244.0.5',
    sourcePort: 40000,
    destination: '10.96.0.10',
    destinationPort: 53,
    answeredBy: '10.244.0.1:5353',
  });
});

describe('a flow is stale', () => {
  test('when who answers it serves no longer', () => {
    expect(stale(front('10.96.0.10', 53, '10.244.0.1:5353'))).toEqual([]);
    expect(stale(front('10.96.0.10', 53, '10.244.0.2:5353'))).toEqual([40000]);
    expect(stale(front('10.96.0.11', 53, '10.244.0.2:5353'))).toEqual([]);
  });

  test('when it came to the node before there was a service, and never when it goes to another machine', () => {
    expect(stale(front(undefined, 30053, '10.244.0.2:53'))).toEqual([40001]);
  });
});

describe('fronts to look at', () => {
  test.each([
    ['new ones', [], [front('a', 1, 'x')], [front('a', 1, 'x')]],
    ['none that only gained a server', [front('a', 1, 'x')], [front('a', 1, 'x', 'y')], []],
    ['those that lost one', [front('a', 1, 'x', 'y')], [front('a', 1, 'y')], [front('a', 1, 'y')]],
    ['those that are gone', [front(undefined, 1, 'x')], [], [front(undefined, 1)]],
  ])('%s', (_what, before, after, expected) => {
    expect(frontsToClean(before, after)).toEqual(expected);
  });
});
