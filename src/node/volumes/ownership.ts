import type { Files } from '../host/host.ts';

const fileMask = 0o660;
const readOnlyMask = 0o440;
const directoryMask = 0o110;
const setGroupId = 0o2000;

/** Gives everything below a path to a group that may read and, unless it is read-only, write it; new files inherit the group. */
export async function giveToGroup(files: Files, path: string, group: number, readOnly: boolean): Promise<void> {
  const stat = await files.stat(path);
  if (stat === undefined) return;
  await files.chown(path, -1, group);
  // A link's mode means nothing, and setting it would reach the file behind it.
  if (stat.type === 'link') return;
  const isDirectory = stat.type === 'directory';
  const mask = (readOnly ? readOnlyMask : fileMask) | (isDirectory ? directoryMask | setGroupId : 0);
  await files.chmod(path, (stat.mode & 0o7777) | mask);
  if (!isDirectory) return;
  for (const name of await files.list(path)) await giveToGroup(files, `${path}/${name}`, group, readOnly);
}

/** Whether the top of a volume says that all of it was given to the group before (`OnRootMismatch`). */
export async function isGivenToGroup(files: Files, path: string, group: number, readOnly: boolean): Promise<boolean> {
  const stat = await files.stat(path);
  const mask = (readOnly ? readOnlyMask : fileMask) | directoryMask | setGroupId;
  return stat !== undefined && stat.gid === group && (stat.mode & mask) === mask;
}
