import { readFile } from 'node:fs/promises';

export interface MountTableEntry {
  readonly mountPoint: string;
  /** The numbers of the device: `254:0`. */
  readonly device: string;
  /** The path within the mounted file system that is seen here: not `/` for a bind mount or a cgroup of a container. */
  readonly root: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
  readonly superOptions: readonly string[];
}

/** What is mounted in our namespace, oldest first. */
export async function readMounts(path = '/proc/self/mountinfo'): Promise<readonly MountTableEntry[]> {
  return parseMounts(await readFile(path, 'utf8'));
}

/** Parses the lines of proc(5)'s mountinfo. */
export function parseMounts(text: string): readonly MountTableEntry[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      const [before = '', after = ''] = line.split(' - ');
      const [, , device = '', root, mountPoint, options] = before.split(' ');
      const [type, source, superOptions] = after.split(' ');
      if (root === undefined || mountPoint === undefined || type === undefined) return [];
      return [
        {
          mountPoint: decodeOctal(mountPoint),
          device,
          root: decodeOctal(root),
          type,
          source: decodeOctal(source ?? ''),
          options: (options ?? '').split(','),
          superOptions: (superOptions ?? '').split(','),
        },
      ];
    });
}

/** Mount points at a path and below it, deepest first; one that is mounted over several times stands in it several times. */
export function mountPointsBelow(mounts: readonly MountTableEntry[], path: string): readonly string[] {
  const prefix = path.endsWith('/') ? path : `${path}/`;
  return mounts
    .map((mount) => mount.mountPoint)
    .filter((point) => point === path || point.startsWith(prefix))
    .sort((a, b) => b.split('/').length - a.split('/').length || (a < b ? 1 : -1));
}

/** The kernel writes space, tab, newline and backslash in octal. */
function decodeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
