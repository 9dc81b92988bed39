import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { RealEnvironment } from '../../src/machinery/environment/real.ts';
import type { Host } from '../../src/node/host/host.ts';
import { runCommand } from '../../src/node/host/linux/run-command.ts';
import type { StationOrder } from './network-station.ts';

/** What of a machine the service proxy uses. */
export type LabHost = Pick<Host, 'nft' | 'sysctl' | 'ledger' | 'processes' | 'info'>;

export const bridge = 'br0';
export const nodeAddress = '192.0.2.1';
export const outsideAddress = '192.0.2.7';

/**
 * A node in a network namespace: a bridge with the pods' range 10.244.0.0/24, each pod in a namespace of its own, and a link to an
 * outside where clients are, and pods of other nodes (10.244.1.0/24).
 */
export class NetworkLab {
  readonly environment = new RealEnvironment();
  readonly #stations = new Map<string, Station>();
  readonly #prefix = `stl${process.pid}`;

  constructor() {
    for (const name of ['node', 'outside']) this.#namespace(name);
    const [node, outside] = [this.#name('node'), this.#name('outside')];
    ip(`link add wan netns ${node} type veth peer name wan netns ${outside}`);
    ip(`-n ${node} address add ${nodeAddress}/24 dev wan`);
    ip(`-n ${outside} address add ${outsideAddress}/24 dev wan`);
    for (const name of [node, outside]) ip(`-n ${name} link set wan up`);
    ip(`-n ${node} link add ${bridge} type bridge`);
    ip(`-n ${node} address add 10.244.0.1/24 dev ${bridge}`);
    ip(`-n ${node} link set ${bridge} up`);
    ip(`-n ${node} route add default via ${outsideAddress}`);
    ip(`-n ${node} route add 10.244.1.0/24 via ${outsideAddress}`);
    ip(`-n ${outside} route add default via ${nodeAddress}`);
    for (const setting of ['net.ipv4.ip_forward=1', 'net.bridge.bridge-nf-call-iptables=1'])
      inNamespace(node, ['sysctl', '-q', '-w', setting]);
  }

  /** A pod of the node, or of another one, which is then an address outside. */
  pod(name: string, address: string): void {
    if (!address.startsWith('10.244.0.')) {
      ip(`-n ${this.#name('outside')} address add ${address}/32 dev lo`);
      return;
    }
    this.#namespace(name);
    const [node, pod] = [this.#name('node'), this.#name(name)];
    ip(`link add ${name} netns ${node} type veth peer name eth0 netns ${pod}`);
    ip(`-n ${node} link set ${name} master ${bridge} up`);
    ip(`-n ${node} link set ${name} type bridge_slave hairpin on`);
    ip(`-n ${pod} address add ${address}/24 dev eth0`);
    ip(`-n ${pod} link set eth0 up`);
    ip(`-n ${pod} route add default via 10.244.0.1`);
  }

  async serve(where: string, protocol: 'tcp' | 'udp', port: number, name = where): Promise<void> {
    const answer = await this.#station(where).order({ serve: protocol, port, name });
    if (answer !== 'serves') throw new Error(`${where} does not serve ${protocol} ${port}: ${answer}`);
  }

  /** `NAME SOURCE` of who answered, or how it failed: `ECONNREFUSED`, `silence`. */
  tcp(where: string, address: string, port: number): Promise<string> {
    return this.#station(where).order({ ask: 'tcp', address, port });
  }

  /** The same over UDP; `from` is the client's port, which it keeps. */
  udp(where: string, address: string, port: number, from = 0): Promise<string> {
    return this.#station(where).order({ ask: 'udp', address, port, from });
  }

  /** Runs a command in a namespace and answers its output. */
  run(where: string, command: readonly string[]): string {
    return inNamespace(this.#name(where), command);
  }

  /** The machine as the node's namespace has it. */
  host(): LabHost {
    const node = this.#name('node');
    const run: Host['processes']['run'] = (command, options) =>
      runCommand(this.environment, ['ip', 'netns', 'exec', node, ...command], options);
    const unused = () => Promise.reject(new Error('not in the lab'));
    return {
      nft: async (ruleset) => void (await run(['nft', '-f', '-'], { stdin: ruleset })),
      sysctl: async (name, value) => void (await run(['sysctl', '-q', '-w', `${name}=${value}`])),
      ledger: { entries: async () => [], add: async () => {}, remove: async () => {} },
      processes: { run, startDetached: unused, isAlive: unused, signal: unused },
      info: async () => ({ ...labInfo, addresses: [nodeAddress] }),
    };
  }

  close(): void {
    for (const station of this.#stations.values()) station.end();
    for (const name of spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout.split('\n')) {
      const [id = ''] = name.split(' ');
      if (id.startsWith(`${this.#prefix}-`)) ip(`netns delete ${id}`);
    }
  }

  #name(name: string): string {
    return `${this.#prefix}-${name}`;
  }

  #namespace(name: string): void {
    ip(`netns add ${this.#name(name)}`);
    ip(`-n ${this.#name(name)} link set lo up`);
  }

  #station(where: string): Station {
    const station = this.#stations.get(where) ?? new Station(this.#name(where));
    this.#stations.set(where, station);
    return station;
  }
}

const labInfo = {
  hostname: 'lab',
  machineId: '',
  bootId: '',
  systemUuid: '',
  kernelVersion: '',
  osImage: '',
  architecture: '',
  cpus: 1,
  cores: 1,
  sockets: 1,
  memoryBytes: 0,
  diskBytes: 0,
  processesMax: 0,
  cgroupVersion: 1,
  bootedAt: 0,
} as const;

class Station {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: string) => void>();
  #orders = 0;

  constructor(namespace: string) {
    const program = join(import.meta.dirname, 'network-station.ts');
    this.#child = spawn('ip', ['netns', 'exec', namespace, process.execPath, program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (this.#child.stdout === null) throw new Error('the station has no output');
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const { id, answer } = JSON.parse(line) as { id: number; answer: string };
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    });
  }

  order(order: StationOrder): Promise<string> {
    const id = this.#orders++;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.stdin?.write(`${JSON.stringify({ id, order })}\n`);
    });
  }

  end(): void {
    this.#child.stdin?.end();
    this.#child.kill();
  }
}

function ip(args: string): void {
  check('ip', args.split(' '));
}

function inNamespace(namespace: string, command: readonly string[]): string {
  return check('ip', ['netns', 'exec', namespace, ...command]);
}

function check(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}
