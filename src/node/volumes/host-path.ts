import type { HostPathVolumeSource } from '../../resources/schema/core-v1.generated.ts';
import type { FileStat, Files } from '../host/host.ts';

/** Checks, and where asked makes, what a hostPath volume is of. Answers the path. Throws an `Error` in the kubelet's words. */
export async function prepareHostPath(files: Files, source: HostPathVolumeSource): Promise<string> {
  const { path, type = '' } = source;
  if (path.split('/').includes('..')) throw new Error(`invalid HostPath \`${path}\`: must not contain '..'`);
  if (type === '') return path;
  const found = await follow(files, path);
  switch (type) {
    case 'DirectoryOrCreate':
      if (found === undefined) await files.makeDirectory(path, 0o755);
      else check(path, found, 'directory');
      return path;
    case 'FileOrCreate':
      if (found === undefined) await files.write(path, '', 0o644);
      else check(path, found, 'file');
      return path;
    case 'Directory':
      check(path, found, 'directory');
      return path;
    case 'File':
      check(path, found, 'file');
      return path;
    case 'Socket':
      check(path, found, 'socket file');
      return path;
    case 'CharDevice':
      check(path, found, 'character device');
      return path;
    case 'BlockDevice':
      check(path, found, 'block device');
      return path;
    default:
      throw new Error(`${type} is an invalid volume type`);
  }
}

type Expected = 'directory' | 'file' | 'socket file' | 'character device' | 'block device';

const typeOf: Readonly<Record<Expected, FileStat['type']>> = {
  directory: 'directory',
  file: 'file',
  'socket file': 'socket',
  'character device': 'other',
  'block device': 'other',
};

/** As the kubelet names what it found instead. */
const kindOf: Readonly<Record<FileStat['type'], string>> = {
  directory: 'Directory',
  file: 'File',
  socket: 'Socket',
  link: 'Link',
  other: 'Device',
};

function check(path: string, found: FileStat | undefined, expected: Expected): void {
  if (found?.type === typeOf[expected]) return;
  if (found === undefined) {
    const why = `unable to determine its type: path "${path}" does not exist`;
    throw new Error(`hostPath type check failed, ${path} is not a ${expected}, ${why}`);
  }
  throw new Error(`hostPath type check failed: ${path} is not a ${expected}, it's a ${kindOf[found.type]}`);
}

const mostLinks = 40;

async function follow(files: Files, path: string): Promise<FileStat | undefined> {
  let at = path;
  for (let links = 0; links < mostLinks; links++) {
    const stat = await files.stat(at);
    if (stat?.type !== 'link') return stat;
    const target = await files.readLink(at);
    at = target.startsWith('/') ? target : `${at.slice(0, at.lastIndexOf('/'))}/${target}`;
  }
  return undefined;
}
