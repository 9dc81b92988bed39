import type { Environment } from '../../machinery/environment/environment.ts';
import { quote } from '../../machinery/go-text.ts';
import type { Host } from '../host/host.ts';
import type { ImageMounts } from '../runtime/cri/cri-runtime.ts';
import type { Mount } from '../runtime/runtime.ts';
import { resolveSubPath } from '../volumes/sub-path.ts';

export interface ContainerdImageMountsOptions {
  readonly environment: Pick<Environment, 'now'>;
  readonly host: Pick<Host, 'files' | 'ledger' | 'processes' | 'isMounted' | 'unmount'>;
  readonly ctr: string;
  readonly socketPath: string;
  /** Where images are mounted: `SANDBOX/DIGEST` below it. */
  readonly folder: string;
  readonly snapshotter: () => Promise<string>;
}

const timeoutMs = 60_000;

/**
 * Images as mounts of containers (KEP-4639), for a containerd that does not know them, as is every one before 2.1: an image is mounted once for
 * a sandbox, as later ones do it, and is unmounted with that. The folder is there before the mount and goes after it, and so tells
 * whoever comes after a crash.
 */
export class ContainerdImageMounts implements ImageMounts {
  readonly #options: ContainerdImageMountsOptions;

  constructor(options: ContainerdImageMountsOptions) {
    this.#options = options;
  }

  async mount(sandboxId: string, { id, subPath }: NonNullable<Mount['image']>): Promise<string> {
    try {
      const path = await this.#mounted(sandboxId, id);
      return subPath === '' ? path : await this.#directoryIn(path, subPath);
    } catch (cause) {
      const why = (cause as Error).message;
      throw new Error(`failed to mount image volume: ImageVolumeMountFailed: ${why}`, { cause });
    }
  }

  async unmount(sandboxId: string): Promise<void> {
    const { files } = this.#options.host;
    const folder = `${this.#options.folder}/${sandboxId}`;
    if ((await files.stat(folder)) === undefined) return;
    for (const name of await files.list(folder)) await this.#release(`${folder}/${name}`);
    await files.remove(folder);
  }

  async #mounted(sandboxId: string, id: string): Promise<string> {
    const { environment, host, folder } = this.#options;
    const target = `${folder}/${sandboxId}/${id.slice(id.indexOf(':') + 1)}`;
    if ((await host.files.stat(target)) !== undefined) {
      if (await host.isMounted(target)) return target;
      await this.#release(target);
    }
    await host.files.makeDirectory(target, 0o755);
    await host.ledger.add({ type: 'mount', path: target });
    const snapshotter = await this.#options.snapshotter();
    await this.#ctr('images', 'mount', '--snapshotter', snapshotter, id, target);
    // What it is mounted from would be let go of after a day otherwise.
    const since = new Date(environment.now()).toISOString();
    await this.#ctr('snapshots', '--snapshotter', snapshotter, 'label', target, `containerd.io/gc.root=${since}`);
    return target;
  }

  /** Takes back all of a mount that there is. */
  async #release(target: string): Promise<void> {
    const { host } = this.#options;
    await host.unmount(target);
    await this.#unlessGone('snapshots', '--snapshotter', await this.#options.snapshotter(), 'remove', target);
    await this.#unlessGone('leases', 'delete', target);
    await host.files.remove(target);
  }

  /** Only directories are mounted, and none that is not in the image. */
  async #directoryIn(path: string, subPath: string): Promise<string> {
    const { files } = this.#options.host;
    const found = `${path}/${await resolveSubPath(files, path, subPath, 'leave')}`;
    const stat = await files.stat(found);
    const what = `failed to ensure image subpath ${quote(subPath)} in ${quote(path)}`;
    if (stat === undefined) throw new Error(`${what}: openat ${subPath}: no such file or directory`);
    if (stat.type === 'directory') return found;
    const where = `subpath: ${quote(subPath)}, mountpoint: ${quote(path)}`;
    throw new Error(`${what}: only directory subpath is supported, ${where}`);
  }

  async #unlessGone(...words: readonly string[]): Promise<void> {
    await this.#ctr(...words).catch((error: unknown) => {
      if (!/not found/.test((error as Error).message)) throw error;
    });
  }

  async #ctr(...words: readonly string[]): Promise<void> {
    const { host, ctr, socketPath } = this.#options;
    await host.processes.run([ctr, '--address', socketPath, '--namespace', 'k8s.io', ...words], { timeoutMs });
  }
}
