import type { Environment } from '../../machinery/environment/environment.ts';
import type { Processes } from '../host/host.ts';
import { parseImageName } from '../images/image-name.ts';
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
  const images = (...args: readonly string[]) =>
    options.processes.run([options.ctr, '--address', options.socketPath, '--namespace', 'k8s.io', 'images', ...args], {
      timeoutMs: importTimeoutMs,
      ...(signal === undefined ? {} : { signal }),
    });
  const { stdout } = await images('import', '--snapshotter', options.snapshotter, archive);
  const names: string[] = [];
  for (const given of importedNames(stdout)) {
    const name = fullName(given);
    names.push(name);
    if (name === given) continue;
    // OCI archives name images as somebody wrote it, and CRI looks for the whole name.
    await images('tag', '--force', given, name);
    await images('rm', given);
  }
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

/** The name with registry and tag. */
export function fullName(name: string): string {
  const { repository, tag, digest } = parseImageName(name);
  return digest === undefined ? `${repository}:${tag ?? 'latest'}` : `${repository}@${digest}`;
}

/** The names in lines like `unpacking docker.io/library/nginx:1 (sha256:0123...)...done`. */
export function importedNames(output: string): readonly string[] {
  return [...output.matchAll(/^unpacking (\S+) \(sha256:/gm)].map((match) => match[1] ?? '');
}
