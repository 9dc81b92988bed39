import type { Files } from '../host/host.ts';

const mostLinks = 40;

/** Where the parts of volumes are bound that containers of a pod mount: `VOLUME/CONTAINER/NUMBER`. */
export function subPathsDirectory(podDirectory: string): string {
  return `${podDirectory}/volume-subpaths`;
}

/**
 * Where a part of a volume really is, relative to the volume: every link on the way is followed, and none may lead out of it. What is
 * not there is made as a directory with the volume's mode, unless it is to be left. Throws an `Error` when it cannot be had. Whoever
 * writes to the volume may change all of that a moment later: open the answer with `bindWithin` or `readWithin`, which take no links.
 */
export async function resolveSubPath(
  files: Files,
  volume: string,
  subPath: string,
  missing: 'make' | 'leave' = 'make',
): Promise<string> {
  if (subPath.startsWith('/')) throw new Error(`error SubPath \`${subPath}\` must not be an absolute path`);
  if (subPath.split('/').includes('..'))
    throw new Error(`unable to provision SubPath \`${subPath}\`: must not contain '..'`);
  const pending = partsOf(subPath);
  const walked: string[] = [];
  const mode = ((await files.stat(volume))?.mode ?? 0o750) & 0o777;
  let links = 0;
  for (let part = pending.shift(); part !== undefined; part = pending.shift()) {
    if (part === '..') {
      if (walked.pop() === undefined) throw escapes(subPath, volume);
      continue;
    }
    const path = [volume, ...walked, part].join('/');
    const stat = await files.stat(path);
    if (stat === undefined && missing === 'make') await files.makeWithin(volume, [...walked, part].join('/'), mode);
    if (stat?.type !== 'link') {
      walked.push(part);
      continue;
    }
    if (++links > mostLinks) throw new Error(`too many links in subpath ${subPath}`);
    const target = await files.readLink(path);
    if (target.startsWith('/')) {
      if (target !== volume && !target.startsWith(`${volume}/`)) throw escapes(subPath, volume);
      walked.length = 0;
      pending.unshift(...partsOf(target.slice(volume.length)));
    } else pending.unshift(...partsOf(target));
  }
  return walked.join('/');
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function escapes(subPath: string, volume: string): Error {
  return new Error(`subpath "${volume}/${subPath}" not within volume path "${volume}"`);
}
