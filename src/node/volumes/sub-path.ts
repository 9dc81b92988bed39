import type { Files } from '../host/host.ts';

const mostLinks = 40;

/**
 * Where a part of a volume really is: every link on the way is followed, and none may lead out of the volume. What is not there
 * is made as a directory, unless it is to be left. Throws an `Error` when it cannot be had.
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
  let links = 0;
  for (let part = pending.shift(); part !== undefined; part = pending.shift()) {
    if (part === '..') {
      if (walked.pop() === undefined) throw escapes(subPath, volume);
      continue;
    }
    const path = [volume, ...walked, part].join('/');
    const stat = await files.stat(path);
    if (stat === undefined && missing === 'make') await files.makeDirectory(path, 0o750);
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
  return [volume, ...walked].join('/');
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function escapes(subPath: string, volume: string): Error {
  return new Error(`subpath "${volume}/${subPath}" not within volume path "${volume}"`);
}
