import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Ledger, MountOptions, Processes } from '../host.ts';
import { readMounts } from './mount-table.ts';
import { openWithin } from './open-within.ts';

/** A target that was mounted over more often than this is not ours. */
const maxLayers = 32;

/** Mounts, by the machine's mount and umount programs. */
export class Mounts {
  readonly #processes: Pick<Processes, 'run'>;
  readonly #ledger: Ledger;
  /** Whether the kernel can keep a tmpfs out of its swap, as those from 6.4 on can; undefined before one was made. */
  #keepsFromSwap: boolean | undefined;

  constructor(processes: Pick<Processes, 'run'>, ledger: Ledger) {
    this.#processes = processes;
    this.#ledger = ledger;
  }

  async mount(options: MountOptions): Promise<void> {
    await this.#ledger.add({ type: 'mount', path: options.target });
    try {
      if (options.type === 'tmpfs') await this.#mountMemory(options);
      else for (const command of mountCommands(options)) await this.#processes.run(command);
    } catch (error) {
      await this.unmount(options.target);
      throw error;
    }
  }

  async #mountMemory(options: MountOptions): Promise<void> {
    const mount = async (noSwap: boolean) => {
      for (const command of mountCommands(options, noSwap)) await this.#processes.run(command);
    };
    if (this.#keepsFromSwap !== false) {
      try {
        await mount(true);
        this.#keepsFromSwap = true;
        return;
      } catch (error) {
        if (this.#keepsFromSwap === true) throw error;
      }
    }
    await mount(false);
    this.#keepsFromSwap = false;
  }

  async bindWithin(root: string, path: string, target: string): Promise<void> {
    const source = await openWithin(root, path);
    try {
      await fs.mkdir(dirname(target), { recursive: true, mode: 0o750 });
      if ((await source.stat()).isDirectory()) await fs.mkdir(target, { recursive: true, mode: 0o750 });
      else await fs.writeFile(target, '', { flag: 'a', mode: 0o640 });
      await this.#ledger.add({ type: 'mount', path: target });
      // The program must not look for a name of what is open here: that name may lead elsewhere by now.
      const open = `/proc/${process.pid}/fd/${source.fd}`;
      await this.#processes.run(['mount', '--no-canonicalize', '--bind', '--', open, target]);
    } catch (error) {
      await this.unmount(target);
      throw error;
    } finally {
      await source.close();
    }
  }

  async unmount(path: string): Promise<void> {
    for (let layer = 0; layer < maxLayers && (await this.isMounted(path)); layer++) {
      await this.#processes.run(['umount', '-l', '--', path]);
    }
    await this.#ledger.remove({ type: 'mount', path });
  }

  async isMounted(path: string): Promise<boolean> {
    return (await readMounts()).some((mount) => mount.mountPoint === path);
  }
}

/** A bind mount takes its flags only in a second step. */
export function mountCommands(options: MountOptions, noSwap = false): readonly (readonly string[])[] {
  const { source, target } = options;
  if (options.type === 'tmpfs') {
    const flags = [
      ...(options.sizeBytes === undefined ? [] : [`size=${options.sizeBytes}`]),
      ...(options.readOnly === true ? ['ro'] : []),
      ...(noSwap ? ['noswap'] : []),
    ];
    return [['mount', '-t', 'tmpfs', ...(flags.length === 0 ? [] : ['-o', flags.join(',')]), '--', source, target]];
  }
  return [
    ['mount', '--bind', '--', source, target],
    ...(options.readOnly === true ? [['mount', '-o', 'remount,bind,ro', '--', target]] : []),
    ...(options.shared === true ? [['mount', '--make-rshared', '--', target]] : []),
  ];
}
