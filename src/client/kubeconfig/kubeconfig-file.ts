import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { formatKubeconfig, type Kubeconfig, mergeKubeconfigs, parseKubeconfig } from './kubeconfig.ts';

/**
 * Reads the kubeconfig a user means, as kubectl finds it: the file given, or those of KUBECONFIG merged (missing ones are passed
 * over), or ~/.kube/config. Paths inside are made absolute. Throws when the file given is missing, and when one cannot be read.
 */
export function loadKubeconfig(
  path: string | undefined,
  variables: Readonly<Record<string, string | undefined>>,
): Kubeconfig {
  if (path !== undefined) return readKubeconfig(path);
  const listed = (variables['KUBECONFIG'] ?? '').split(delimiter).filter((each) => each !== '');
  const paths = listed.length > 0 ? listed : [join(variables['HOME'] ?? homedir(), '.kube', 'config')];
  return mergeKubeconfigs(
    paths.flatMap((each) => {
      try {
        return [readKubeconfig(each)];
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        throw error;
      }
    }),
  );
}

/** Reads one file. Paths in it are relative to it, and are made absolute. */
export function readKubeconfig(path: string): Kubeconfig {
  const config = parseKubeconfig(readFileSync(path, 'utf8'), path);
  const directory = dirname(path);
  const absolute = <T extends object>(fields: T): T =>
    Object.fromEntries(
      Object.entries(fields).map(([name, value]) =>
        pathFields.has(name) && typeof value === 'string' && value !== '' && !isAbsolute(value)
          ? [name, join(directory, value)]
          : [name, value],
      ),
    ) as T;
  return {
    ...config,
    clusters: (config.clusters ?? []).map((each) => ({ ...each, cluster: absolute(each.cluster) })),
    users: (config.users ?? []).map((each) => ({ ...each, user: absolute(each.user) })),
  };
}

/** Writes a file that only its owner can read, whole or not at all. */
export function writeKubeconfig(path: string, config: Kubeconfig): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
  const temporary = `${path}.new`;
  rmSync(temporary, { force: true });
  writeFileSync(temporary, formatKubeconfig(config), { mode: 0o600, flag: 'wx' });
  renameSync(temporary, path);
}

const pathFields = new Set(['certificate-authority', 'client-certificate', 'client-key', 'tokenFile']);
