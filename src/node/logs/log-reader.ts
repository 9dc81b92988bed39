import type { Environment } from '../../machinery/environment/environment.ts';
import type { Files } from '../host/host.ts';
import { type LogLine, parseLogLine } from './cri-log.ts';
import type { LogOptions } from './log-options.ts';
import { rotatedLogs } from './log-rotator.ts';

type Bytes = Uint8Array<ArrayBufferLike>;

export interface LogReaderOptions {
  readonly files: Files;
  readonly environment: Environment;
  readonly path: string;
  readonly options: LogOptions;
  /** While it runs, a follower waits for more. */
  isRunning(): boolean;
  readonly signal: AbortSignal;
}

const chunkBytes = 64 * 1024;
const lineEnd = 0x0a;
/** A follower looks for more this often: soon after there was something, less often in silence. */
const shortestPollMs = 50;
const longestPollMs = 500;
/** A line that has no end by now is given out in parts. */
const longestLine = 1024 * 1024;

/** The text of a container's log as `kubectl logs` prints it. Follows the log through rotation. */
export async function* readLog(reader: LogReaderOptions): AsyncGenerator<Bytes> {
  const { options } = reader;
  const budget = { left: options.limitBytes ?? Number.POSITIVE_INFINITY };
  let fresh = true;
  for await (const line of logLines(reader)) {
    const text = format(line, options, fresh);
    if (text === undefined) continue;
    fresh = !line.partial;
    if (text.length >= budget.left) {
      yield text.subarray(0, budget.left);
      return;
    }
    budget.left -= text.length;
    yield text;
  }
}

/** Undefined for a line from before the time that is asked for. */
function format(line: LogLine, { since, timestamps }: LogOptions, fresh: boolean): Bytes | undefined {
  if (since !== undefined && Date.parse(line.time) < since) return undefined;
  const parts: Bytes[] = [];
  if (timestamps && fresh) parts.push(Buffer.from(`${line.time} `));
  parts.push(line.text);
  if (!line.partial) parts.push(newline);
  return Buffer.concat(parts);
}

const newline = Buffer.from('\n');

async function* logLines(reader: LogReaderOptions): AsyncGenerator<LogLine> {
  let rest: Bytes = new Uint8Array();
  for await (const chunk of logBytes(reader)) {
    const all = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = all.indexOf(lineEnd); end >= 0; end = all.indexOf(lineEnd, from)) {
      const line = parseLogLine(all.subarray(from, end));
      if (line !== undefined) yield line;
      from = end + 1;
    }
    rest = all.subarray(from);
    if (rest.length > longestLine) rest = new Uint8Array();
  }
}

async function* logBytes({
  files,
  path,
  options,
  environment,
  signal,
  isRunning,
}: LogReaderOptions): AsyncGenerator<Bytes> {
  let stat = await files.stat(path);
  if (stat === undefined) return;
  let { inode } = stat;
  let offset = options.tailLines === undefined ? 0 : await tailOffset(files, path, stat.sizeBytes, options.tailLines);
  let pollMs = shortestPollMs;
  while (!signal.aborted) {
    // Asked before reading: what it wrote before its end is read then.
    const wasRunning = isRunning();
    const before = offset;
    for await (const chunk of readFrom(files, path, inode, offset)) {
      offset += chunk.length;
      yield chunk;
    }
    stat = await files.stat(path);
    if (stat?.inode !== inode && (stat !== undefined || !options.follow)) {
      yield* movedAway(files, path, { inode, offset, until: options.follow ? stat?.inode : inode });
      if (stat === undefined || !options.follow) return;
      inode = stat.inode;
      offset = 0;
      continue;
    }
    if (!options.follow) return;
    if (stat !== undefined && stat.sizeBytes < offset) offset = 0;
    if (!wasRunning) return;
    pollMs = offset === before ? Math.min(pollMs * 2, longestPollMs) : shortestPollMs;
    await environment.sleep(pollMs, signal).catch(() => {});
  }
}

/** What a file has, for as long as it has its name: a reader who takes his time may find another one there. */
async function* readFrom(files: Files, path: string, inode: number, offset: number): AsyncGenerator<Bytes> {
  let at = offset;
  for (;;) {
    const chunk = await files.readAt(path, at, chunkBytes).catch(() => new Uint8Array());
    if (chunk.length === 0 || (await files.stat(path))?.inode !== inode) return;
    at += chunk.length;
    yield chunk;
  }
}

interface Missed {
  readonly inode: number;
  readonly offset: number;
  /** The file that is read next, or that was the last to be read. */
  readonly until: number | undefined;
}

/** What a file that was rotated away has more, and those that came after it. */
async function* movedAway(files: Files, path: string, { inode, offset, until }: Missed): AsyncGenerator<Bytes> {
  let found = false;
  for (const each of await rotatedLogs(files, path)) {
    const other = (await files.stat(each))?.inode;
    if (other === undefined || (!found && other !== inode)) continue;
    if (found && other === until) return;
    yield* readFrom(files, each, other, found ? 0 : offset);
    if (other === until) return;
    found = true;
  }
}

/** Where the last lines begin, found from the end. */
async function tailOffset(files: Files, path: string, sizeBytes: number, lines: number): Promise<number> {
  if (lines === 0) return sizeBytes;
  let missing = lines;
  // The end of the last line ends no line before it.
  let end = sizeBytes;
  let first = true;
  while (end > 0) {
    const start = Math.max(0, end - chunkBytes);
    const chunk = await files.readAt(path, start, end - start);
    let at = chunk.length - 1;
    if (first && chunk[at] === lineEnd) at--;
    first = false;
    for (; at >= 0; at--) {
      if (chunk[at] !== lineEnd) continue;
      missing--;
      if (missing === 0) return start + at + 1;
    }
    end = start;
  }
  return 0;
}
