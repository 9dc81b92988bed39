import { createHash } from 'node:crypto';

/** VXLAN's port in the Linux kernel. Several clusters share it: each has a network number of its own. */
export const tunnelPort = 8472;

/** The 24-bit number of a cluster's VXLAN network; the lowest ones are left to those that people give by hand. */
export function tunnelNumber(clusterId: string): number {
  return 4096 + (digest(clusterId).readUIntBE(0, 3) % (2 ** 24 - 4096));
}

/** The hardware address of a node's end of the tunnel. All nodes come to the same one, so that nobody has to be told it. */
export function tunnelHardwareAddress(clusterId: string, nodeName: string): string {
  const bytes = digest(`${clusterId}/${nodeName}`).subarray(0, 5);
  // The first byte says that it is given by hand, to one station.
  return ['02', ...[...bytes].map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
