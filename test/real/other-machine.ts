import { rmSync } from 'node:fs';
import { RealEnvironment } from '../../src/machinery/environment/real.ts';
import { runCommand } from '../../src/node/host/linux/run-command.ts';
import { run } from './local-cluster.ts';
import { stuurmanCommand } from './stuurman-command.ts';

/**
 * A network namespace that stands for another machine: it has this one as its way out, and nobody as its neighbour. What is mounted and
 * which processes run it shares with this one.
 */
export class OtherMachine {
  readonly directory: string;
  readonly address: string;
  /** Of the namespace, and of this machine's end of the link. */
  readonly name: string;
  readonly #environment = new RealEnvironment();
  #gateway: string;

  /** `gateway`: this machine's address on the link between the two. */
  static async begin(name: string, address: string, gateway: string): Promise<OtherMachine> {
    const machine = new OtherMachine(name, address, gateway);
    await machine.rebuild();
    return machine;
  }

  private constructor(name: string, address: string, gateway: string) {
    this.name = name;
    this.address = address;
    this.#gateway = gateway;
    this.directory = `/var/tmp/stuurman-${name}`;
  }

  /** Makes the namespace anew, with nothing in it but the link. */
  async rebuild(): Promise<void> {
    const { name } = this;
    await this.#remove();
    await run('ip', 'netns', 'add', name);
    await run('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    await run('ip', 'link', 'set', name, 'up');
    await this.#inside('link', 'set', 'lo', 'up');
    await this.#inside('link', 'set', 'eth0', 'up');
    await this.#inside('address', 'add', `${this.address}/32`, 'dev', 'eth0');
    await this.#connect();
  }

  /** This machine has another address on the link, and none it had before. */
  async moveGateway(gateway: string): Promise<void> {
    await run('ip', 'address', 'delete', `${this.#gateway}/32`, 'dev', this.name);
    await this.#inside('route', 'flush', 'root', '0/0', 'proto', 'boot', 'dev', 'eth0');
    this.#gateway = gateway;
    await this.#connect();
  }

  /** Runs a command of `stuurman` there; throws when it fails. */
  stuurman(command: readonly string[], directory = this.directory) {
    const whole = ['nsenter', `--net=/run/netns/${this.name}`, ...stuurmanCommand(command, directory)];
    return runCommand(this.#environment, whole, { timeoutMs: 200_000 });
  }

  /** The links and tables that it has. */
  async traces(): Promise<readonly string[]> {
    const links = JSON.parse(await run('ip', '-n', this.name, '-j', 'link')) as readonly { readonly ifname: string }[];
    const tables = await run('nsenter', `--net=/run/netns/${this.name}`, 'nft', 'list', 'tables');
    const routes = await run('ip', '-n', this.name, 'route');
    return [
      ...links.map(({ ifname }) => ifname).filter((name) => name !== 'lo' && name !== 'eth0'),
      ...tables.split('\n').filter((line) => line !== ''),
      ...routes.split('\n').filter((line) => line !== '' && !line.includes(this.#gateway)),
    ];
  }

  async end(): Promise<void> {
    await this.#remove();
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #connect(): Promise<void> {
    await run('ip', 'address', 'add', `${this.#gateway}/32`, 'dev', this.name);
    await run('ip', 'route', 'replace', `${this.address}/32`, 'dev', this.name);
    await this.#inside('route', 'replace', `${this.#gateway}/32`, 'dev', 'eth0');
    await this.#inside('route', 'replace', 'default', 'via', this.#gateway, 'dev', 'eth0', 'onlink');
  }

  #inside(...args: readonly string[]): Promise<string> {
    return run('ip', '-n', this.name, ...args);
  }

  async #remove(): Promise<void> {
    await runCommand(this.#environment, ['ip', 'link', 'delete', this.name], { allowFailure: true });
    await runCommand(this.#environment, ['ip', 'netns', 'delete', this.name], { allowFailure: true });
  }
}
