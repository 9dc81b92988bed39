import { expect, test } from 'vitest';
import { parseNetDev, readNetworkUsage } from './network-usage.ts';

const netDev = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       2    0    0    0     0          0         0      100       2    0    0    0     0       0          0
  eth0: 1234567     890    1    2    3     4          5         6  7654321     987    7    8    9    10      11         12
veth12ab:       1       1    0    0    0     0          0         0        1       1    0    0    0     0       0          0
st-0a1b:      16       1    0    0    0     0          0         0       32       2    0    0    0     0       0          0
`;

test('reads what went through each interface that leads elsewhere', () => {
  expect(parseNetDev(netDev)).toEqual([
    {
      name: 'eth0',
      received: { bytes: 1234567, packets: 890, errors: 1, dropped: 2 },
      sent: { bytes: 7654321, packets: 987, errors: 7, dropped: 8 },
    },
    {
      name: 'st-0a1b',
      received: { bytes: 16, packets: 1, errors: 0, dropped: 0 },
      sent: { bytes: 32, packets: 2, errors: 0, dropped: 0 },
    },
  ]);
});

test('a cgroup in which nothing runs has no network', async () => {
  expect(await readNetworkUsage([{ path: '/nowhere', controllers: [], version: 2 }], '/pod')).toBeUndefined();
  expect(await readNetworkUsage([], '/pod')).toBeUndefined();
});
