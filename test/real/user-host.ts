import { type ChildProcess, spawn } from 'node:child_process';
import { readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RealEnvironment } from '../../src/machinery/environment/real.ts';
import { parseRange, rangesOverlap } from '../../src/network/ipv4.ts';
import { runCommand } from '../../src/node/host/linux/run-command.ts';
import { processes } from '../e2e/machine.ts';

/** Holds the namespaces, and makes in them what a user's machine has. */
const prepare = `
set -e
mount --make-rprivate /
# What other clusters have mounted may go at any time.
cut -d' ' -f5 /proc/self/mountinfo | grep -E '^/run/|^/var/tmp/stuurman-|/pods/[0-9a-f-]{36}/' | sort -r |
  xargs -r -n1 umount --lazy 2>/dev/null || true
mount -t tmpfs none /run
mount --bind "$0" /etc/resolv.conf
ip link set lo up
ip link add lan0 type veth peer name router0
ip address add 10.244.3.7/16 dev lan0
ip link set lan0 up
ip link set router0 up
ip route add default via 10.244.0.1
sysctl -q -w net.ipv4.ip_forward=1
nft -f - <<EOF
table ip filter {
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
  }
  chain DOCKER-USER {
  }
}
EOF
nft add rule ip filter FORWARD jump DOCKER-USER
echo ready
exec sleep infinity
`;

/**
 * A machine as users have it, in namespaces of its own: Docker drops what is forwarded, names are asked of 127.0.0.53, systemd does
 * not run, and the LAN has the addresses that pods customarily get.
 */
export class UserHost {
  readonly environment = new RealEnvironment();
  readonly #holder: ChildProcess;
  readonly #resolver: ChildProcess;

  static async open(directory: string): Promise<UserHost> {
    const resolvConf = join(directory, 'resolv.conf');
    writeFileSync(resolvConf, 'nameserver 127.0.0.53\noptions edns0 trust-ad\nsearch lan.test\n');
    const holder = spawn('unshare', ['--net', '--mount', 'sh', '-c', prepare, resolvConf], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await said(holder, 'ready');
    const program = join(import.meta.dirname, 'tiny-resolver.ts');
    const resolver = spawn('nsenter', [...inNamespaces(holder), process.execPath, program, '127.0.0.53'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await said(resolver, 'listens');
    return new UserHost(holder, resolver);
  }

  private constructor(holder: ChildProcess, resolver: ChildProcess) {
    this.#holder = holder;
    this.#resolver = resolver;
  }

  close(): void {
    this.#resolver.kill('SIGKILL');
    this.#holder.kill('SIGKILL');
  }

  /** Runs a program there to its end and answers what it printed; throws when it fails. */
  async run(...command: readonly string[]): Promise<string> {
    const { stdout, stderr } = await this.#command(command);
    return stdout + stderr;
  }

  /** Everything on the machine that a cluster could leave behind, one thing a line. Cgroups are those with its id: others make some too. */
  async state(id: string): Promise<readonly string[]> {
    const lines = async (name: string, ...command: readonly string[]) =>
      (await this.#command(command)).stdout
        .split('\n')
        .map((line) => line.trim().replaceAll(/\s+/g, ' '))
        .filter((line) => line !== '')
        .map((line) => `${name}: ${line}`);
    const listed = await Promise.all([
      lines('link', 'ip', '-br', 'link'),
      lines('address', 'ip', '-br', 'address'),
      lines('neighbour', 'ip', 'neighbour', 'show', 'nud', 'permanent'),
      lines('route', 'ip', '-4', 'route', 'show', 'table', 'all'),
      lines('ip rule', 'ip', 'rule'),
      lines('nft', 'nft', 'list', 'ruleset'),
      lines('listening', 'ss', '-Hlntu'),
      lines('mount', 'sh', '-c', 'cut -d" " -f5 /proc/self/mountinfo'),
      lines('cgroup', 'find', '/sys/fs/cgroup', '-type', 'd', '-name', `*${id}*`),
      lines('run', 'find', '/run'),
    ]);
    return [...listed.flat(), ...this.#processes()];
  }

  /** Flows that the kernel follows to or from an address of a range. */
  async flows(range: string): Promise<readonly string[]> {
    const { stdout } = await this.#command(['conntrack', '-L']);
    const isOf = ([, address]: RegExpMatchArray) => rangesOverlap(parseRange(`${address}/32`), parseRange(range));
    return stdout.split('\n').filter((line) => [...line.matchAll(/(?:src|dst)=(\S+)/g)].some(isOf));
  }

  /** Programs that run in the namespace of the network, wherever they came from. */
  #processes(): readonly string[] {
    const own = networkOf(this.#holder.pid);
    return processes()
      .filter(({ pid }) => networkOf(pid) === own)
      .map(({ command }) => `process: ${command.trim()}`)
      .filter((line) => !line.includes('nsenter'));
  }

  #command(command: readonly string[]) {
    return runCommand(this.environment, ['nsenter', ...inNamespaces(this.#holder), ...command], {
      timeoutMs: 200_000,
    });
  }
}

function inNamespaces({ pid }: ChildProcess): readonly string[] {
  return ['--net', '--mount', '--target', String(pid), '--'];
}

function networkOf(pid: number | undefined): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return '';
  }
}

function said(child: ChildProcess, word: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`ended with ${code} before it said "${word}"`)));
    child.stdout?.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes(word)) resolve();
    });
  });
}
