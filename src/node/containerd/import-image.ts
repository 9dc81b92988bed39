import type { Environment } from '../../machinery/environment/environment.ts';
import type { Processes } from '../host/host.ts';
import type { ContainerRuntime } from '../runtime/runtime.ts';

const importTimeoutMs = 10 * 60_000;
/** For how long CRI may take to notice what came in beside it. */
const noticePatienceMs = 30_000;

export interface ImageImport {
  readonly environment: Environment;
  readonly processes: Pick<Processes, 'run'>;
  readonly runtime: Pick<ContainerRuntime, 'imageStatus'>;
  readonly ctr: string;
  readonly socketPath: string;
  readonly snapshotter: string;
}

/** Imports and unpacks an image archive; answers the names of what was in it, which `ContainerRuntime` then finds. Throws when it is no archive. */
export async function importImage(
  options: ImageImport,
  archive: string,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const { stdout } = await options.processes.run(
    [
      options.ctr,
      ...['--address', options.socketPath, '--namespace', 'k8s.io', 'images', 'import'],
      ...['--snapshotter', options.snapshotter, archive],
    ],
    { timeoutMs: importTimeoutMs, ...(signal === undefined ? {} : { signal }) },
  );
  const names = importedNames(stdout);
  if (names.length === 0) throw new Error(`${archive} holds no image with a name`);
  const deadline = options.environment.deadline(noticePatienceMs, signal);
  try {
    for (const name of names) {
      while ((await options.runtime.imageStatus(name, deadline.signal)) === undefined) {
        await options.environment.sleep(20, deadline.signal);
      }
    }
  } finally {
    deadline.cancel();
  }
  return names;
}

/** The names in lines like `unpacking docker.io/library/nginx:1 (sha256:0123...)...done`. */
export function importedNames(output: string): readonly string[] {
  return [...output.matchAll(/^unpacking (\S+) \(sha256:/gm)].map((match) => match[1] ?? '');
}
