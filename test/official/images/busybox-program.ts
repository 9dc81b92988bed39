import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Kitchen } from '../../../src/node/images/making/image-kitchen.ts';

type Processes = Kitchen['processes'];

const buildTimeoutMs = 20 * 60_000;
const fetchTimeoutMs = 10 * 60_000;

/**
 * BusyBox as its authors configure it, from the source package of the machine's Debian. Debian's own builds will not do: the static one
 * crashes when it looks up names, and the shell of the other drops variables whose names are not identifiers. Answers the program's path.
 */
export async function buildBusybox(processes: Processes, folder: string, say: (text: string) => void): Promise<string> {
  const program = join(folder, 'busybox');
  if (existsSync(program)) return program;
  say('compiling BusyBox from the source package of Debian (once, minutes) ...');
  await mkdir(folder, { recursive: true });
  const archive = await fetchSource(processes, folder);
  const source = join(folder, 'source');
  const step = (...command: readonly string[]) => processes.run(command, { timeoutMs: buildTimeoutMs });
  await step('rm', '-rf', source);
  await mkdir(source);
  await step('tar', '--extract', '--strip-components=1', `--directory=${source}`, `--file=${archive}`);
  await step('make', '-C', source, 'defconfig');
  // It does not compile with the headers of newer kernels, and nobody calls it.
  const configuration = join(source, '.config');
  const text = await readFile(configuration, 'utf8');
  await writeFile(configuration, text.replace(/^CONFIG_TC=y$/m, '# CONFIG_TC is not set'));
  await step('make', '-C', source, '-j2', 'busybox');
  await rename(join(source, 'busybox'), program);
  await step('rm', '-rf', source);
  return program;
}

/** Fetched by the machine's own apt, which checks signatures, with the machine's own sources; those themselves are not touched. */
async function fetchSource(processes: Processes, folder: string): Promise<string> {
  const archive = async () => (await readdir(folder)).find((name) => /^busybox_.*\.orig\.tar\.\w+$/.test(name));
  const found = await archive();
  if (found !== undefined) return join(folder, found);
  const lists = join(folder, 'apt');
  await mkdir(join(lists, 'sources'), { recursive: true });
  await mkdir(join(lists, 'state', 'partial'), { recursive: true });
  for (const file of await sourceFiles()) {
    const text = await readFile(file, 'utf8');
    const sources = text.replaceAll(/^Types:.*$/gm, 'Types: deb-src').replaceAll(/^deb /gm, 'deb-src ');
    await writeFile(join(lists, 'sources', file.slice(1).replaceAll('/', '-')), sources);
  }
  const options = [
    ...['-o', 'Dir::Etc::sourcelist=/dev/null', '-o', `Dir::Etc::sourceparts=${join(lists, 'sources')}`],
    ...['-o', `Dir::State::lists=${join(lists, 'state')}`, '-o', 'APT::Sandbox::User=root', '--quiet=2'],
  ];
  // Sources of others may have no source packages, which makes this fail and does not matter.
  await processes.run(['apt-get', ...options, 'update'], { timeoutMs: fetchTimeoutMs, allowFailure: true });
  const command = ['apt-get', ...options, 'source', '--download-only', 'busybox'];
  await processes.run(['sh', '-c', 'cd "$0" && exec "$@"', folder, ...command], { timeoutMs: fetchTimeoutMs });
  await processes.run(['rm', '-rf', lists], {});
  const fetched = await archive();
  if (fetched === undefined) throw new Error(`apt did not fetch the source of busybox to ${folder}`);
  return join(folder, fetched);
}

async function sourceFiles(): Promise<readonly string[]> {
  const parts = '/etc/apt/sources.list.d';
  const names = existsSync(parts) ? await readdir(parts) : [];
  const files = names.filter((name) => /\.(list|sources)$/.test(name)).map((name) => join(parts, name));
  return [...(existsSync('/etc/apt/sources.list') ? ['/etc/apt/sources.list'] : []), ...files];
}
