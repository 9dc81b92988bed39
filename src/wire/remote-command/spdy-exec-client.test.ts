import { duplexPair } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { realEnvironment } from '../../../test/support/environment.ts';
import type { HttpTarget } from '../http.ts';
import { SpdyConnection } from '../spdy/spdy-connection.ts';
import type { SpdyStream } from '../spdy/spdy-stream.ts';
import { formatStatus } from './exec-status.ts';
import type { ExecClientSession } from './exec-streams.ts';
import { spdyExec } from './spdy-exec-client.ts';

async function textOf({ stdout }: ExecClientSession): Promise<string> {
  return Buffer.concat(await Array.fromAsync(stdout ?? [])).toString();
}

describe('a runtime whose connection breaks', () => {
  /** Says something on the streams of a command, over SPDY, and breaks off. */
  function breaksAfter(words: Readonly<Record<string, string>>): HttpTarget {
    const [near, far] = duplexPair();
    const opened = new Map<string, SpdyStream>();
    new SpdyConnection(far, {
      role: 'server',
      onStream: (stream) => {
        stream.reply();
        opened.set(stream.headers['streamtype'] ?? '', stream);
        if (opened.size < 3) return;
        for (const [type, said] of Object.entries(words)) opened.get(type)?.write(said);
        opened.get('stdout')?.end();
        void realEnvironment.sleep(5).then(() => near.destroy(new Error('read ECONNRESET')));
      },
    });
    const headers = { 'x-stream-protocol-version': 'v4.channel.k8s.io' };
    return {
      fetch: async () => ({ status: 404, headers: {} }),
      upgrade: async () => ({ status: 101, headers, connection: near }),
    };
  }
  const options = { stdin: false, stdout: true, stderr: true, tty: false };

  test('after it has told the end: the command has ended', async () => {
    const status = formatStatus({ exitCode: 7 }, 'v4.channel.k8s.io').toString();
    const session = await spdyExec(
      realEnvironment,
      breaksAfter({ stdout: 'last words', error: status }),
      '/exec',
      options,
    );
    expect(await textOf(session)).toBe('last words');
    expect(await session.exit).toBe(7);
  });

  test('before it has told the end: nobody knows how the command ended', async () => {
    const session = await spdyExec(realEnvironment, breaksAfter({ stdout: 'words' }), '/exec', options);
    expect(await textOf(session)).toBe('words');
    await expect(session.exit).rejects.toThrow('read ECONNRESET');
  });
});
