import type { Files } from '../host/host.ts';
import { parseLogLine } from './cri-log.ts';

/** The text of a log's last lines, within a number of lines and of bytes. Empty when there is no log. */
export async function tailOfLog(
  files: Files,
  path: string,
  limits: { readonly lines: number; readonly bytes: number },
): Promise<string> {
  const stat = await files.stat(path).catch(() => undefined);
  if (stat === undefined) return '';
  // Each line has about 50 bytes in front of its text.
  const length = Math.min(stat.sizeBytes, limits.bytes + limits.lines * 64);
  const bytes = await files.readAt(path, stat.sizeBytes - length, length);
  let text = '';
  const lines = splitLines(bytes).slice(-limits.lines);
  for (const line of lines) {
    const parsed = parseLogLine(line);
    if (parsed !== undefined) text += Buffer.from(parsed.text).toString('utf8') + (parsed.partial ? '' : '\n');
  }
  return Buffer.from(text).subarray(-limits.bytes).toString('utf8');
}

function splitLines(bytes: Uint8Array<ArrayBufferLike>): Uint8Array<ArrayBufferLike>[] {
  const lines: Uint8Array<ArrayBufferLike>[] = [];
  let from = 0;
  for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, from)) {
    lines.push(bytes.subarray(from, end));
    from = end + 1;
  }
  return lines;
}
