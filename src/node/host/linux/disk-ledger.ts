import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Ledger, LedgerEntry } from '../host.ts';

/**
 * The ledger as one file of JSON lines: a header, then one line per change. A change is durable when its promise resolves; changes that
 * come together are written together. A last line that a crash cut short was never acknowledged and is dropped. One process writes
 * one file. A full disk keeps from making things, not from taking them away.
 */
export class DiskLedger implements Ledger {
  readonly #path: string;
  readonly #bootId: string;
  readonly #entries: Map<string, LedgerEntry>;
  /** Lines in the file beyond the header. */
  #lines: number;
  /** A write ended half-way: the file is written anew before anything is appended. */
  #damaged: boolean;
  #pending: Change[] = [];
  #writing: Promise<void> | undefined;

  private constructor(path: string, bootId: string, { entries, lines, isWhole }: LedgerFile) {
    this.#path = path;
    this.#bootId = bootId;
    this.#entries = entries;
    this.#lines = lines;
    this.#damaged = !isWhole;
  }

  /** Reads the file, or starts it. Entries of an earlier boot are dropped: the reboot took what they name. Throws when the file is no ledger. */
  static async open(path: string, bootId: string): Promise<DiskLedger> {
    await fs.mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const found = await readLedgerFile(path, bootId);
    const ledger = new DiskLedger(path, bootId, found ?? { entries: new Map(), lines: 0, isWhole: false });
    if (found?.isWhole === true) return ledger;
    await ledger.#rewrite().catch((error: NodeJS.ErrnoException) => {
      if (found === undefined || !isFull(error)) throw error;
    });
    return ledger;
  }

  async entries(): Promise<readonly LedgerEntry[]> {
    return [...this.#entries.values()];
  }

  add(entry: LedgerEntry): Promise<void> {
    const known = this.#entries.has(keyOf(entry));
    this.#entries.set(keyOf(entry), entry);
    return known && !this.#damaged ? this.#settled() : this.#append({ add: entry });
  }

  remove(entry: LedgerEntry): Promise<void> {
    const known = this.#entries.delete(keyOf(entry));
    const written = !known && !this.#damaged ? this.#settled() : this.#append({ remove: entry });
    // What is gone may be named until the next change that can be written: to take it away again does no harm.
    return written.catch((error: NodeJS.ErrnoException) => {
      if (!isFull(error)) throw error;
    });
  }

  /** An equal change that is still on its way to the disk counts only once it is there. */
  async #settled(): Promise<void> {
    await this.#writing;
  }

  #append(change: Change): Promise<void> {
    this.#pending.push(change);
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #write(): Promise<void> {
    // Begins a step later, so that changes that are made together share a write.
    await undefined;
    while (this.#pending.length > 0) {
      const changes = this.#pending;
      this.#pending = [];
      if (this.#damaged || this.#lines + changes.length > 1000 + 4 * this.#entries.size) {
        await this.#rewrite();
        continue;
      }
      this.#damaged = true;
      await fs.appendFile(this.#path, jsonLines(changes), { flush: true });
      this.#damaged = false;
      this.#lines += changes.length;
    }
  }

  async #rewrite(): Promise<void> {
    this.#damaged = true;
    const entries = [...this.#entries.values()];
    const beside = `${this.#path}.new`;
    const lines = jsonLines([{ format: 1, bootId: this.#bootId }, ...entries.map((entry) => ({ add: entry }))]);
    await fs.writeFile(beside, lines, { mode: 0o600, flush: true });
    await fs.rename(beside, this.#path);
    this.#lines = entries.length;
    this.#damaged = false;
  }
}

function isFull({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ENOSPC' || code === 'EDQUOT';
}

type Change = { readonly add: LedgerEntry } | { readonly remove: LedgerEntry };

interface LedgerFile {
  readonly entries: Map<string, LedgerEntry>;
  /** Beyond the header. */
  readonly lines: number;
  /** Whether more may be appended as it is. */
  readonly isWhole: boolean;
}

/** Undefined when there is no file, or when it is of another boot. */
async function readLedgerFile(path: string, bootId: string): Promise<LedgerFile | undefined> {
  const text = await fs.readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const lines = text.split('\n');
  // What stands after the last newline was being written when the process died.
  const isWhole = lines.pop() === '';
  const [header, ...changes] = lines.map((line, index) => parseLine(path, line, index));
  if (header === undefined) return undefined;
  if (!('format' in header) || header.format !== 1) {
    throw new Error(`${path} is not a ledger of format 1: ${lines[0]}`);
  }
  if (header.bootId !== bootId) return undefined;
  const entries = new Map<string, LedgerEntry>();
  for (const change of changes) {
    if ('add' in change) entries.set(keyOf(change.add), change.add);
    else if ('remove' in change) entries.delete(keyOf(change.remove));
  }
  return { entries, lines: changes.length, isWhole };
}

type Line = Change | { readonly format: number; readonly bootId: string };

function parseLine(path: string, line: string, index: number): Line {
  try {
    return JSON.parse(line) as Line;
  } catch (cause) {
    throw new Error(
      `line ${index + 1} of the ledger ${path} is damaged: ${line.slice(0, 100)}. It names what this cluster made on the machine (mounts, processes, links); remove those by hand, then the file`,
      { cause },
    );
  }
}

function jsonLines(lines: readonly unknown[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

function keyOf(entry: LedgerEntry): string {
  switch (entry.type) {
    case 'process':
      return `process ${entry.name} ${entry.handle.pid} ${entry.handle.startTime}`;
    case 'nftTable':
      return `nftTable ${entry.family} ${entry.name}`;
    case 'link':
      return `link ${entry.name}`;
    case 'route':
      return `route ${entry.destination}`;
    default:
      return `${entry.type} ${entry.path}`;
  }
}
