import type { NodeConfig } from '../config.ts';
import type { Host } from '../host/host.ts';
import { cgroupUid } from './pod-cgroup.ts';
import { podDirectory } from './pod-directory.ts';

export interface PodTracesOptions {
  readonly host: Pick<Host, 'files' | 'ledger'>;
  readonly config: Pick<NodeConfig, 'rootDirectory' | 'podLogsDirectory' | 'cgroupRoot'>;
}

/**
 * The uids of pods that have left anything on the machine beside what the runtime has: a folder, logs, a cgroup. An agent may have been
 * killed when it had made only one of them, and the pod may have been deleted before another came.
 */
export async function podTraces({ host, config }: PodTracesOptions): Promise<ReadonlySet<string>> {
  const [folders, logs, ledger] = await Promise.all([
    list(host, podDirectory(config.rootDirectory, '').replace(/\/$/, '')),
    list(host, config.podLogsDirectory),
    host.ledger.entries(),
  ]);
  const cgroups = ledger.flatMap((entry) => (entry.type === 'cgroup' ? cgroupUid(config.cgroupRoot, entry.path) : []));
  return new Set([...folders, ...logs.map(uidOfLogs), ...cgroups]);
}

/** Removes the logs of a pod of which only its uid is known. */
export async function removePodLogs({ host, config }: PodTracesOptions, uid: string): Promise<void> {
  for (const name of await list(host, config.podLogsDirectory))
    if (uidOfLogs(name) === uid) await host.files.remove(`${config.podLogsDirectory}/${name}`);
}

/** `NAMESPACE_NAME_UID`; neither of the first two has an underscore. */
function uidOfLogs(name: string): string {
  return name.slice(name.lastIndexOf('_') + 1);
}

/** Nothing where there is no such folder. */
function list(host: Pick<Host, 'files'>, directory: string): Promise<readonly string[]> {
  return host.files.list(directory).catch(() => []);
}
