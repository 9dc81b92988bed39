import type { Environment, Timer } from '../machinery/environment/environment.ts';
import type { Logger } from '../machinery/log.ts';
import type { Files } from '../node/host/host.ts';
import { addressAt, parseIpv4, parseRange } from './ipv4.ts';

export interface PodAddressesOptions {
  readonly files: Pick<
    Files,
    'list' | 'stat' | 'readLink' | 'symlink' | 'rename' | 'remove' | 'read' | 'write' | 'makeDirectory'
  >;
  readonly environment: Environment;
  readonly logger: Logger;
  /** Of the CNI plugin host-local, for our network: a file named after each address that is given out. */
  readonly directory: string;
  /** Of this node's pods: `10.244.0.0/24`. */
  readonly range: string;
  /** Addresses of this node's pods as the API knows them. */
  known(): Iterable<string>;
}

/** Nobody gets an address that another pod had less than this ago. */
const restMs = 60_000;
const intervalMs = 2_000;
/** More than are given out within an interval. */
const leastFree = 16;
const bridgeOffset = 1;
/** Addresses that no pod gets: that of the range, the bridge's, and that for all. */
const reserved = 3;
/** Where host-local notes which address it gave out last; it goes on from there. */
const pointerFile = 'last_reserved_ip.0';
/** Ours stand in the directory as links to nowhere: the plugin takes the address for taken, and does not read them. */
const heldUntil = 'stuurman-held-until-';

/**
 * Keeps the addresses of pods that are gone from being given out again at once, when others may still talk to them. host-local goes around
 * its range, so that an address comes up again after all others; where that takes less than a minute, or the plugin's directory was
 * lost, its file is put back for the rest of the time.
 */
export class PodAddresses {
  readonly #options: PodAddressesOptions;
  #used = new Set<string>();
  /** From the first address of the range; that of the bridge until one was given out. */
  #pointer: number | undefined;
  #timer: Timer | undefined;
  #looking: Promise<void> | undefined;
  #stopped = false;

  constructor(options: PodAddressesOptions) {
    this.#options = options;
  }

  /** Comes before the first pod is connected. */
  async start(): Promise<void> {
    const { files, directory } = this.#options;
    await files.makeDirectory(directory, 0o755);
    if ((await files.stat(`${directory}/${pointerFile}`)) === undefined) await this.#seed();
    await this.look();
    this.#arm();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#looking;
  }

  /** Looks once at what was given out and what was given back. */
  async look(): Promise<void> {
    const { files, environment, directory } = this.#options;
    const now = environment.now();
    const names = new Set((await files.list(directory)).filter((name) => parseIpv4(name) !== undefined));
    const pointer = await this.#readPointer();
    const released = [...this.#used, ...this.#passed(pointer)].filter((address) => !names.has(address));
    for (const address of released) await this.#hold(address, now + restMs);
    const known = new Set(this.#options.known());
    const used = new Set<string>();
    const rested: string[] = [];
    for (const address of names) {
      const until = await this.#heldUntil(address);
      if (until === undefined) used.add(address);
      // Nothing rests for longer than that, unless the clock was set back.
      else if (known.has(address) || until > now + restMs) await this.#prolong(address, now + restMs);
      else if (until <= now) rested.push(address);
    }
    const { size } = this.#range();
    const usable = size - reserved;
    const free = this.#between(bridgeOffset, usable).filter((each) => !names.has(each) && !released.includes(each));
    // So many are free at a time, or none: otherwise the last one would come up again and again before anybody sees it.
    if (free.length + rested.length >= Math.min(leastFree, size / 4, usable - used.size))
      for (const address of rested) await files.remove(`${directory}/${address}`);
    else for (const address of free) await this.#hold(address, now);
    this.#used = used;
    this.#pointer = pointer;
  }

  #arm(): void {
    if (this.#stopped) return;
    this.#timer = this.#options.environment.setTimer(intervalMs, () => {
      this.#looking = this.look()
        .catch((err: unknown) => this.#options.logger.warn('the addresses of pods were not looked at', { err }))
        .finally(() => this.#arm());
    });
  }

  /** The directory is new, and the node may not be: what its pods have is held, and giving out goes on behind it. */
  async #seed(): Promise<void> {
    const { files, environment, directory, known } = this.#options;
    const offsets = [...known()].flatMap((address) => this.#offsetOf(address) ?? []);
    for (const offset of offsets) await this.#hold(this.#at(offset), environment.now() + restMs);
    if (offsets.length > 0) await files.write(`${directory}/${pointerFile}`, this.#at(Math.max(...offsets)), 0o644);
  }

  async #hold(address: string, until: number): Promise<void> {
    const { files, directory } = this.#options;
    try {
      await files.symlink(`${heldUntil}${until}`, `${directory}/${address}`);
    } catch (error) {
      // The plugin was faster: somebody has it.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }

  /** Without a moment in which the address is free. */
  async #prolong(address: string, until: number): Promise<void> {
    const { files, directory } = this.#options;
    const beside = `${directory}/.${address}`;
    await files.remove(beside);
    await files.symlink(`${heldUntil}${until}`, beside);
    await files.rename(beside, `${directory}/${address}`);
  }

  /** Undefined: the address belongs to a pod. */
  async #heldUntil(address: string): Promise<number | undefined> {
    const { files, directory } = this.#options;
    const path = `${directory}/${address}`;
    if ((await files.stat(path))?.type !== 'link') return undefined;
    const target = await files.readLink(path);
    return target.startsWith(heldUntil) ? Number(target.slice(heldUntil.length)) : undefined;
  }

  /** The plugin writes the file in place: what cannot be read just now counts as nothing new. */
  async #readPointer(): Promise<number> {
    const { files, directory } = this.#options;
    const before = this.#pointer ?? bridgeOffset;
    try {
      const text = new TextDecoder().decode(await files.read(`${directory}/${pointerFile}`));
      return this.#offsetOf(text.trim()) ?? before;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return before;
    }
  }

  /** Addresses that were given out since the last look, also those of pods that lived too shortly to be seen. */
  #passed(pointer: number): readonly string[] {
    const from = this.#pointer;
    if (from === undefined) return [];
    const { size } = this.#range();
    const count = (pointer - from + size) % size;
    // Nobody goes around half a range between two looks; a pointer that was half written may seem to.
    return count > size / 2 ? [] : this.#between(from, count);
  }

  /** Addresses for pods among so many that follow an offset, around the range. */
  #between(from: number, count: number): readonly string[] {
    const { size } = this.#range();
    return Array.from({ length: count }, (_, index) => (from + index + 1) % size)
      .filter((offset) => offset > bridgeOffset && offset < size - 1)
      .map((offset) => this.#at(offset));
  }

  #range() {
    const { first, prefix } = parseRange(this.#options.range);
    return { first, size: 2 ** (32 - prefix) };
  }

  #offsetOf(address: string): number | undefined {
    const { first, size } = this.#range();
    const offset = (parseIpv4(address) ?? -1) - first;
    return offset >= 0 && offset < size ? offset : undefined;
  }

  #at(offset: number): string {
    return addressAt(parseRange(this.#options.range), offset);
  }
}
