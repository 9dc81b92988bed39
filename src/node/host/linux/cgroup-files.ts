import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CgroupHierarchy, cgroupVersion } from './cgroup-hierarchies.ts';

// What cgroups tell is made by the kernel as it is read. That takes some ten microseconds, and handing it to a thread eight times as
// long: so it is read at once, and whoever reads of many lets others in between.

/** From here on a limit is none: the kernel rounds the largest number down to whole pages. */
const unlimitedBytes = 2 ** 62;

export function textIn(file: string): string {
  return readFileSync(file, 'utf8');
}

/** `max` is infinite. */
export function numberIn(file: string): number {
  const text = textIn(file).trim();
  return text === 'max' ? Number.POSITIVE_INFINITY : Number(text);
}

/** What is in a file that not every kernel has, or not at the root of the tree. */
export function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isGone(error) || isRefused(error)) return undefined;
    throw error;
  }
}

/** A line `NAME NUMBER` of a file such as memory.stat; 0 where there is none. */
export function statField(text: string, name: string): number {
  return knownField(text, name) ?? 0;
}

export function knownField(text: string, name: string): number | undefined {
  const lines = `\n${text}`;
  const at = lines.indexOf(`\n${name} `);
  if (at < 0) return undefined;
  const from = at + name.length + 2;
  const end = lines.indexOf('\n', from);
  return Number(lines.slice(from, end < 0 ? undefined : end));
}

export function limitOf(bytes: number): number | undefined {
  return bytes > unlimitedBytes ? undefined : bytes;
}

/** The processes of a cgroup, without those of cgroups below it. */
export function processesIn(folder: string): readonly number[] {
  return textIn(join(folder, 'cgroup.procs'))
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
}

/** Where a cgroup is as far as one controller goes; undefined where the machine does not have that. */
export function cgroupFolder(
  hierarchies: readonly CgroupHierarchy[],
  controller: string,
  path: string,
): string | undefined {
  const version = cgroupVersion(hierarchies);
  const found = hierarchies.find((each) =>
    version === 2 ? each.version === 2 : each.controllers.includes(controller),
  );
  return found === undefined ? undefined : join(found.path, path);
}

/** A pod may end while it is looked at; v1 answers ENODEV then. */
export function isGone(error: unknown): boolean {
  return ['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function isRefused(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EOPNOTSUPP';
}
