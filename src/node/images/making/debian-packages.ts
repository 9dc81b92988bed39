import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Processes } from '../../host/host.ts';
import { type DebianPackage, parsePackages } from './debian-control.ts';

const queryTimeoutMs = 60_000;
const downloadTimeoutMs = 15 * 60_000;
/** No application that we pack comes near. */
const maxPackages = 500;

/** Packages of the machine's Debian (or a relative of it), fetched by its own apt, which also checks their signatures. */
export class DebianPackages {
  readonly #processes: Pick<Processes, 'run'>;
  readonly #directory: string;
  #updated = false;

  /** Downloaded files are kept in `directory`. */
  constructor(processes: Pick<Processes, 'run'>, directory: string) {
    this.#processes = processes;
    this.#directory = directory;
  }

  /**
   * The packages with all that they depend on, except what is ignored; in the order of their names. Of alternatives the first that apt
   * has. Throws when apt knows one of those asked for not.
   */
  async resolve(names: readonly string[], ignored: readonly RegExp[]): Promise<readonly DebianPackage[]> {
    const found = await this.#resolve(names, ignored);
    const missing = names.filter((name) => !found.has(name));
    if (missing.length > 0 && !this.#updated) {
      await this.#update();
      return this.resolve(names, ignored);
    }
    if (missing.length > 0) throw new Error(`apt does not know ${missing.join(', ')}`);
    return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Unpacks them, one over the other, below a folder. */
  async unpack(packages: readonly DebianPackage[], folder: string, signal?: AbortSignal): Promise<void> {
    await this.#download(packages, signal);
    await mkdir(folder, { recursive: true });
    for (const each of packages) {
      await this.#processes.run(['dpkg-deb', '--extract', this.#pathOf(each), folder], options(queryTimeoutMs, signal));
    }
  }

  async #resolve(names: readonly string[], ignored: readonly RegExp[]): Promise<ReadonlyMap<string, DebianPackage>> {
    const found = new Map<string, DebianPackage>();
    const asked = new Set<string>();
    const isIgnored = (name: string) => ignored.some((pattern) => pattern.test(name));
    let wanted: readonly (readonly string[])[] = names.map((name) => [name]);
    while (wanted.length > 0) {
      const candidates = [...new Set(wanted.flat())].filter((name) => !asked.has(name) && !isIgnored(name));
      for (const name of candidates) asked.add(name);
      const offered = new Map((await this.#show(candidates)).map((each) => [each.name, each]));
      const next: (readonly string[])[] = [];
      for (const group of wanted) {
        if (group.some((name) => found.has(name) || isIgnored(name))) continue;
        const chosen = group.map((name) => offered.get(name)).find((each) => each !== undefined);
        // A name that only others provide: what is really missing shows when libraries are looked for.
        if (chosen === undefined) continue;
        found.set(chosen.name, chosen);
        next.push(...chosen.depends);
      }
      if (found.size > maxPackages) throw new Error(`${names.join(', ')} depend on more than ${maxPackages} packages`);
      wanted = next;
    }
    return found;
  }

  /** apt fails when it knows one of them not, and prints the others. */
  async #show(names: readonly string[]): Promise<readonly DebianPackage[]> {
    if (names.length === 0) return [];
    const { stdout } = await this.#processes.run(['apt-cache', 'show', '--no-all-versions', ...names], {
      allowFailure: true,
      timeoutMs: queryTimeoutMs,
    });
    return parsePackages(stdout);
  }

  async #update(): Promise<void> {
    this.#updated = true;
    await this.#processes.run(['apt-get', 'update', '--quiet=2'], { timeoutMs: downloadTimeoutMs });
  }

  async #download(packages: readonly DebianPackage[], signal: AbortSignal | undefined): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    const missing = await this.#incomplete(packages);
    if (missing.length === 0) return;
    const command = [
      ...['sh', '-c', 'cd "$0" && exec "$@"', this.#directory],
      ...['apt-get', 'download', '--quiet=2', '-o', 'APT::Sandbox::User=root'],
      ...missing.map((each) => `${each.name}=${each.version}`),
    ];
    await this.#processes.run(command, options(downloadTimeoutMs, signal));
    const broken = await this.#incomplete(missing);
    if (broken.length > 0) {
      throw new Error(`apt did not download ${broken.map((each) => each.name).join(', ')} to ${this.#directory}`);
    }
  }

  /** Those whose file is not there whole. */
  async #incomplete(packages: readonly DebianPackage[]): Promise<readonly DebianPackage[]> {
    const found: DebianPackage[] = [];
    for (const each of packages) {
      const content = await readFile(this.#pathOf(each)).catch(() => undefined);
      const digest = content && createHash('sha256').update(content).digest('hex');
      if (digest !== each.sha256) found.push(each);
    }
    return found;
  }

  /** As apt names the file. */
  #pathOf({ name, version, architecture }: DebianPackage): string {
    return join(this.#directory, `${name}_${version.replaceAll(':', '%3a')}_${architecture}.deb`);
  }
}

function options(timeoutMs: number, signal: AbortSignal | undefined) {
  return { timeoutMs, ...(signal === undefined ? {} : { signal }) };
}
