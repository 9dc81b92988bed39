export interface CniOptions {
  /** Carries the cluster's id. */
  readonly name: string;
  /** At most 15 characters. */
  readonly bridge: string;
  /** The node's share of the pod range: `10.244.0.0/24`. */
  readonly podRange: string;
  /** Where host-local keeps which addresses are given out. */
  readonly ipamDirectory: string;
  readonly mtu: number;
}

/**
 * The list of standard CNI plugins for a node's pods: a bridge with addresses from the node's range. Masquerading is not
 * asked of the plugin (it would use iptables); the service proxy's table does it. The pod's own loopback link is no part of the list:
 * containerd sets it up by itself, beside the bridge, and a second time would be one more program for every pod.
 */
export function cniConfiguration({ name, bridge, podRange, ipamDirectory, mtu }: CniOptions): string {
  return `${JSON.stringify(
    {
      cniVersion: '1.0.0',
      name,
      plugins: [
        {
          type: 'bridge',
          bridge,
          isGateway: true,
          hairpinMode: true,
          ipMasq: false,
          mtu,
          ipam: {
            type: 'host-local',
            dataDir: ipamDirectory,
            ranges: [[{ subnet: podRange }]],
            routes: [{ dst: '0.0.0.0/0' }],
          },
        },
      ],
    },
    undefined,
    2,
  )}\n`;
}
