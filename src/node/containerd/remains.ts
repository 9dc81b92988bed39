import { readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Host } from '../host/host.ts';
import { mountPointsBelow, readMounts } from '../host/linux/mount-table.ts';
import { type ProcessStat, processStat } from '../host/linux/process-table.ts';

const patienceMs = 10_000;

/** Where a containerd that is gone may have left things. */
export interface ContainerdPlaces {
  readonly socketPath: string;
  readonly stateDirectory: string;
  readonly rootDirectory: string;
  readonly runDirectory: string;
}

/**
 * Removes what a containerd leaves when it could not put its containers away itself: shims with all below them, mounts, network
 * namespaces, sockets, and the run directory. Nothing is wrong when there is nothing.
 */
export async function removeRemains(environment: Environment, host: Host, places: ContainerdPlaces): Promise<void> {
  const containers = await readdir(tasksOf(places.stateDirectory)).catch(() => []);
  const sockets = await shimSockets(places.stateDirectory, containers);
  await killShims(environment, places.socketPath);
  const mounts = await readMounts();
  const left = [places.runDirectory, places.rootDirectory].flatMap((folder) => mountPointsBelow(mounts, folder));
  for (const path of new Set(left)) await host.unmount(path);
  for (const socket of sockets) await rm(socket, { force: true });
  await forgetNetworks(containers);
  for (const folder of ['/run/containerd/s', '/run/containerd']) {
    // Shared with any other containerd of the machine: taken away only when nothing is in it.
    await rmdir(folder).catch(() => {});
  }
  await host.files.remove(places.runDirectory);
}

function tasksOf(stateDirectory: string): string {
  return join(stateDirectory, 'io.containerd.runtime.v2.task', 'k8s.io');
}

/** A shim writes the address of its socket beside its container's files. */
async function shimSockets(stateDirectory: string, containers: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const container of containers) {
    const file = join(tasksOf(stateDirectory), container, 'address');
    const address = await readFile(file, 'utf8').catch(() => '');
    if (address.startsWith('unix:///run/containerd/s/')) found.push(address.slice('unix://'.length).trim());
  }
  return found;
}

/** CNI keeps what it answered for a sandbox in a folder that all runtimes share: `NETWORK-SANDBOX-LINK`. */
async function forgetNetworks(sandboxes: readonly string[]): Promise<void> {
  const folder = '/var/lib/cni/results';
  for (const name of await readdir(folder).catch(() => [])) {
    if (sandboxes.some((id) => name.includes(`-${id}-`))) await rm(join(folder, name), { force: true });
  }
}

async function killShims(environment: Environment, socketPath: string): Promise<void> {
  const deadline = environment.monotonic() + patienceMs;
  for (let waitMs = 5; ; waitMs = Math.min(200, waitMs * 2)) {
    const processes = await allProcesses();
    const shims = new Set<number>();
    for (const each of processes) if (await isShimOf(each.pid, socketPath)) shims.add(each.pid);
    if (shims.size === 0) return;
    if (environment.monotonic() > deadline) throw new Error(`the shims ${[...shims].join(', ')} do not end`);
    const below = descendants(processes, shims);
    // A shim that sees its container end cleans up and ends by itself; with nothing below it, it has to be killed.
    for (const pid of below.size > 0 ? below : shims) kill(pid);
    await environment.sleep(waitMs);
  }
}

async function allProcesses(): Promise<readonly ProcessStat[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found: ProcessStat[] = [];
  for (const pid of pids) {
    const stat = await processStat(Number(pid));
    if (stat !== undefined && stat.state !== 'Z') found.push(stat);
  }
  return found;
}

async function isShimOf(pid: number, socketPath: string): Promise<boolean> {
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const args = line.split('\0');
  return (args[0] ?? '').includes('containerd-shim') && args[args.indexOf('-address') + 1] === socketPath;
}

/** Everything whose parents lead to one of these. */
export function descendants(
  processes: readonly { readonly pid: number; readonly parent: number }[],
  roots: ReadonlySet<number>,
): ReadonlySet<number> {
  const found = new Set<number>();
  for (let grown = true; grown; ) {
    grown = false;
    for (const { pid, parent } of processes) {
      if (!found.has(pid) && !roots.has(pid) && (roots.has(parent) || found.has(parent))) {
        found.add(pid);
        grown = true;
      }
    }
  }
  return found;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
