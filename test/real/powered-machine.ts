import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RealEnvironment } from '../../src/machinery/environment/real.ts';
import { runCommand } from '../../src/node/host/linux/run-command.ts';
import { eventually } from '../e2e/demo-cluster.ts';
import { processes } from '../e2e/machine.ts';
import { OtherMachine } from './other-machine.ts';
import { stuurmanCommand } from './stuurman-command.ts';

/** The first process of the machine: everything else goes with it, it goes with the test, and orphans end by it. */
const boot = `
set -e
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs none /run
mount --bind "$0" /proc/sys/kernel/random/boot_id
exec 3<&0
cat <&3 &
echo ready
wait $!
`;

/**
 * Another machine (see there) that can lose its power: it has processes and mounts of its own, a /run that is empty after a boot, and a disk
 * of its own, which stays.
 */
export class PoweredMachine {
  readonly environment = new RealEnvironment();
  readonly #network: OtherMachine;
  readonly #bootIdFile: string;
  #init: ChildProcess | undefined;

  static async begin(name: string, address: string, gateway: string, diskMebibytes: number): Promise<PoweredMachine> {
    const machine = new PoweredMachine(await OtherMachine.begin(name, address, gateway));
    await machine.#unmountDisk();
    await machine.#host('mkdir', '-p', machine.#disk);
    await machine.#host('mount', '-t', 'tmpfs', '-o', `size=${diskMebibytes}m`, name, machine.#disk);
    await machine.#boot();
    return machine;
  }

  private constructor(network: OtherMachine) {
    this.#network = network;
    this.#bootIdFile = `${network.directory}.boot-id`;
  }

  get #disk(): string {
    return this.#network.directory;
  }

  get directory(): string {
    return join(this.#disk, 'data');
  }

  get address(): string {
    return this.#network.address;
  }

  /** A file of the machine as this one sees it. */
  path(inside: string): string {
    return `/proc/${this.#pid}/root${inside}`;
  }

  /** Runs a program there; throws when it fails. */
  async run(...command: readonly string[]): Promise<string> {
    return (await this.#command(command)).stdout;
  }

  /** Runs a command of `stuurman` there; throws when it fails. */
  stuurman(command: readonly string[]) {
    return this.#command(stuurmanCommand(command, this.directory));
  }

  traces(): Promise<readonly string[]> {
    return this.#network.traces();
  }

  /** Packets to and from the other machines get lost, until `mend`. */
  async cutOff(): Promise<void> {
    await this.run('nft', 'add table inet cut');
    for (const [hook, direction] of [
      ['input', 'iifname'],
      ['output', 'oifname'],
      ['forward', 'iifname'],
    ]) {
      await this.run('nft', `add chain inet cut ${hook} { type filter hook ${hook} priority -400; }`);
      await this.run('nft', `add rule inet cut ${hook} ${direction} eth0 drop`);
    }
  }

  async mend(): Promise<void> {
    await this.run('nft', 'delete table inet cut');
  }

  /** Power fails and comes back: nothing runs any more, and only the disk is as it was. */
  async reboot(): Promise<void> {
    await this.#powerOff();
    await this.#network.rebuild();
    await this.#boot();
  }

  async end(): Promise<void> {
    await this.#powerOff();
    await this.#unmountDisk();
    await this.#network.end();
    rmSync(this.#bootIdFile, { force: true });
  }

  /** The first process, by its number on this machine. */
  get #pid(): number {
    const first = processes().find(({ parent }) => parent === this.#init?.pid);
    if (first === undefined) throw new Error(`${this.#network.name} has no power`);
    return first.pid;
  }

  async #boot(): Promise<void> {
    writeFileSync(this.#bootIdFile, `${this.environment.id()}\n`);
    const separate = ['unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', boot, this.#bootIdFile];
    const init = spawn('nsenter', [`--net=/run/netns/${this.#network.name}`, ...separate], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#init = init;
    await new Promise<void>((resolve, reject) => {
      init.once('error', reject);
      init.once('exit', (code) => reject(new Error(`the machine ended with ${code} before it was up`)));
      init.stdout.once('data', () => resolve());
    });
  }

  /** What is in the kernel of this machine and would not be there after a boot of another one is taken away, too. */
  async #powerOff(): Promise<void> {
    const init = this.#init;
    this.#init = undefined;
    if (init === undefined) return;
    const ended = new Promise((resolve) => init.once('exit', resolve));
    init.kill('SIGKILL');
    await ended;
    const joined = join(this.directory, 'joined.json');
    if (!existsSync(joined)) return;
    const { clusterId } = JSON.parse(readFileSync(joined, 'utf8')) as { readonly clusterId: string };
    const cgroups = ['find', '/sys/fs/cgroup', '-depth', '-type', 'd', '-path', `*/stuurman-${clusterId}-j*`];
    await eventually('its cgroups are gone', async () => {
      await this.#host(...cgroups, '-exec', 'rmdir', '{}', '+');
      return (await this.#host(...cgroups)) === '' || undefined;
    });
  }

  async #unmountDisk(): Promise<void> {
    await this.#host('umount', '--lazy', this.#disk);
  }

  async #host(...command: readonly string[]): Promise<string> {
    return (await runCommand(this.environment, command, { allowFailure: true })).stdout;
  }

  #command(command: readonly string[]) {
    const enter = ['nsenter', '--target', String(this.#pid), '--net', '--mount', '--pid', '--'];
    return runCommand(this.environment, [...enter, ...command], { timeoutMs: 200_000 });
  }
}
