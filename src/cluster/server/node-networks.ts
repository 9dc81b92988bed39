import { allowForwarding } from '../../network/forward-policy.ts';
import { parseRange } from '../../network/ipv4.ts';
import type { Host } from '../../node/host/host.ts';
import type { NodeNetworkPlace } from './node-place.ts';

/** The network that nodes of one machine share, made of what the kernel has. Each step may be repeated after a crash. */
export class NodeNetworks {
  readonly #host: Host;
  readonly #clusterId: string;
  readonly #podRange: string;

  constructor(host: Host, clusterId: string, podRange: string) {
    this.#host = host;
    this.#clusterId = clusterId;
    this.#podRange = podRange;
  }

  /** Makes what is missing of the networks of these nodes, and of what leads from them to the world. `mtu`: that of the machine's way out. */
  async ensure(places: readonly NodeNetworkPlace[], mtu: number): Promise<void> {
    const [first] = places;
    if (first === undefined) return;
    await this.#host.sysctl('net.ipv4.ip_forward', '1');
    await this.#ensureBridge(first, mtu);
    await this.#masquerade(first);
    await allowForwarding(this.#host, first.bridge, this.#clusterId);
    for (const place of places) await this.#ensureNode(place, mtu);
  }

  /** Takes the network of one node away. */
  async remove({ link, file, namespace }: NodeNetworkPlace): Promise<void> {
    await this.#ip([/Cannot find device/], 'link', 'delete', link);
    await this.#host.ledger.remove({ type: 'link', name: link });
    await this.#ip([/No such file/], 'netns', 'delete', namespace);
    await this.#host.ledger.remove({ type: 'netns', path: file });
  }

  async #ensureBridge({ bridge, gateway, range }: NodeNetworkPlace, mtu: number): Promise<void> {
    await this.#host.ledger.add({ type: 'link', name: bridge });
    await this.#ip([/File exists/], 'link', 'add', bridge, 'mtu', `${mtu}`, 'type', 'bridge');
    await this.#address(['ip'], bridge, gateway, range);
    await this.#ip([], 'link', 'set', bridge, 'up');
  }

  async #ensureNode(place: NodeNetworkPlace, mtu: number): Promise<void> {
    const { namespace, link, bridge, address, gateway, range } = place;
    await ensureNamespace(this.#host, place);
    await this.#host.ledger.add({ type: 'link', name: link });
    const pair = ['type', 'veth', 'peer', 'name', 'eth0', 'mtu', `${mtu}`, 'netns', namespace];
    await this.#ip([/File exists/], 'link', 'add', link, 'mtu', `${mtu}`, ...pair);
    await this.#ip([], 'link', 'set', link, 'master', bridge, 'up');
    // Where bridges call iptables, what a pod of the node sends to a node port of the machine is led to a pod beside it within the bridge,
    // out of the link by which it came.
    await this.#ip([], 'link', 'set', link, 'type', 'bridge_slave', 'hairpin', 'on');
    const inside = ['ip', '-n', namespace];
    await this.#run([], [...inside, 'link', 'set', 'lo', 'up']);
    await this.#address(inside, 'eth0', address, range);
    await this.#run([], [...inside, 'link', 'set', 'eth0', 'up']);
    await this.#run([], [...inside, 'route', 'replace', 'default', 'via', gateway, 'dev', 'eth0']);
  }

  /** What nodes send to the world comes from the machine; what pods send is masqueraded by their node already. */
  async #masquerade({ bridge, range }: NodeNetworkPlace): Promise<void> {
    const table = `stuurman-${this.#clusterId}-nodes`;
    await this.#host.ledger.add({ type: 'nftTable', family: 'ip', name: table });
    await this.#host.nft(
      [
        `table ip ${table} {}`,
        `delete table ip ${table}`,
        `table ip ${table} {`,
        '  chain postrouting {',
        '    type nat hook postrouting priority srcnat; policy accept;',
        `    ip saddr ${range} ip daddr != { ${range}, ${this.#podRange} } oifname != "${bridge}" masquerade`,
        '  }',
        '}',
        '',
      ].join('\n'),
    );
  }

  /** The link has this address and none of a range it had before. */
  async #address(ip: readonly string[], link: string, address: string, range: string): Promise<void> {
    const wanted = `${address}/${parseRange(range).prefix}`;
    const { stdout } = await this.#host.processes.run([...ip, '-j', '-4', 'address', 'show', 'dev', link]);
    const shown = JSON.parse(stdout || '[]') as readonly {
      readonly addr_info?: readonly { readonly local?: string; readonly prefixlen?: number }[];
    }[];
    const present = shown
      .flatMap(({ addr_info = [] }) => addr_info)
      .flatMap(({ local, prefixlen }) => (local === undefined ? [] : [`${local}/${prefixlen}`]));
    for (const old of present.filter((each) => each !== wanted))
      await this.#run([], [...ip, 'address', 'delete', old, 'dev', link]);
    if (!present.includes(wanted)) await this.#run([], [...ip, 'address', 'add', wanted, 'dev', link]);
  }

  #ip(harmless: readonly RegExp[], ...args: readonly string[]): Promise<void> {
    return this.#run(harmless, ['ip', ...args]);
  }

  #run(harmless: readonly RegExp[], command: readonly string[]): Promise<void> {
    return runUnless(this.#host, harmless, command);
  }
}

/** Makes a namespace that is gone anew, without links: programs have to be run in it to take a node down. */
export async function ensureNamespace(host: Host, { file, namespace }: NodeNetworkPlace): Promise<void> {
  await host.ledger.add({ type: 'netns', path: file });
  const inside = await host.processes.run(['ip', '-n', namespace, 'link'], { allowFailure: true });
  if (inside.code === 0) return;
  // A file without a namespace is what a crash leaves.
  await runUnless(host, [/No such file/], ['ip', 'netns', 'delete', namespace]);
  await runUnless(host, [], ['ip', 'netns', 'add', namespace]);
}

/** Throws when a program fails with other words than these. */
async function runUnless(host: Host, harmless: readonly RegExp[], command: readonly string[]): Promise<void> {
  const { code, stderr } = await host.processes.run(command, { allowFailure: true, timeoutMs: 10_000 });
  if (code !== 0 && !harmless.some((pattern) => pattern.test(stderr)))
    throw new Error(`${command.join(' ')}: ${stderr.trim()}`);
}
