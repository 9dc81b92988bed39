import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import type { Environment } from '../../machinery/environment/environment.ts';

export interface UpstreamOptions {
  readonly environment: Environment;
  /** Read anew for every round of questions, for the machine's resolvers change as it moves between networks. */
  servers(): readonly UpstreamServer[];
}

export interface UpstreamServer {
  readonly address: string;
  readonly port: number;
}

const attemptTimeoutMs = 2_000;
/** Questions under way at once; more are answered with a failure, so that a flood ends here. */
const mostUnderWay = 1_000;
const cacheSize = 5_000;
const longestCacheMs = 30_000;

interface Cached {
  readonly message: Uint8Array;
  readonly untilMs: number;
}

/** Passes questions about other names on to the machine's own resolvers, each in turn until one answers. */
export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #cache = new Map<string, Cached>();
  readonly #underWay = new Map<string, Promise<Uint8Array | undefined>>();

  constructor(options: UpstreamOptions) {
    this.#options = options;
  }

  /** The answer with the question's own id; undefined when no resolver answered. */
  async ask(message: Uint8Array, transport: 'udp' | 'tcp'): Promise<Uint8Array | undefined> {
    // The id differs from client to client; everything else makes two questions the same.
    const key = `${transport}${Buffer.from(message.buffer, message.byteOffset + 2, message.byteLength - 2).toString('latin1')}`;
    const cached = this.#cache.get(key);
    if (cached !== undefined && cached.untilMs > this.#options.environment.monotonic())
      return withId(cached.message, message);
    let asking = this.#underWay.get(key);
    if (asking === undefined) {
      if (this.#underWay.size >= mostUnderWay) return undefined;
      asking = this.#askServers(message, transport).finally(() => this.#underWay.delete(key));
      this.#underWay.set(key, asking);
    }
    const answer = await asking;
    if (answer === undefined) return undefined;
    this.#remember(key, answer);
    return withId(answer, message);
  }

  async #askServers(message: Uint8Array, transport: 'udp' | 'tcp'): Promise<Uint8Array | undefined> {
    for (const server of this.#options.servers()) {
      const deadline = this.#options.environment.deadline(attemptTimeoutMs);
      try {
        const exchange = transport === 'udp' ? exchangeUdp : exchangeTcp;
        return await exchange(server, message, deadline.signal);
      } catch {
        // The next resolver may know.
      } finally {
        deadline.cancel();
      }
    }
    return undefined;
  }

  #remember(key: string, message: Uint8Array): void {
    const ttlMs = Math.min(longestCacheMs, shortestTtl(message) * 1000);
    if (ttlMs <= 0) return;
    if (this.#cache.size >= cacheSize) {
      const [oldest] = this.#cache.keys();
      if (oldest !== undefined) this.#cache.delete(oldest);
    }
    this.#cache.delete(key);
    this.#cache.set(key, { message, untilMs: this.#options.environment.monotonic() + ttlMs });
  }
}

function exchangeUdp(server: UpstreamServer, message: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(server.address.includes(':') ? 'udp6' : 'udp4');
    const end = (finish: () => void) => {
      signal.removeEventListener('abort', abort);
      socket.close();
      finish();
    };
    const abort = () => end(() => reject(signal.reason));
    signal.addEventListener('abort', abort, { once: true });
    socket.on('error', (error) => end(() => reject(error)));
    socket.on('message', (answer) => {
      // Anybody may send to this port: only an answer to this question counts.
      if (answer.length >= 12 && answer[0] === message[0] && answer[1] === message[1]) end(() => resolve(answer));
    });
    socket.connect(server.port, server.address, () => socket.send(message));
  });
}

function exchangeTcp(server: UpstreamServer, message: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server.address, port: server.port, signal });
    let received = Buffer.alloc(0);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the resolver closed the connection')));
    socket.on('connect', () =>
      socket.write(Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message])),
    );
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      resolve(received.subarray(2, 2 + received.readUInt16BE(0)));
      socket.destroy();
    });
  });
}

function withId(answer: Uint8Array, question: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(answer);
  copy[0] = question[0] ?? 0;
  copy[1] = question[1] ?? 0;
  return copy;
}

/** The least time to live among the records, in seconds; 0 when there is none or the message is odd. */
function shortestTtl(message: Uint8Array): number {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (message.length < 12 || (view.getUint16(2) & 0x020f) !== 0) return 0;
  let at = skipName(message, 12) + 4;
  let shortest = Number.POSITIVE_INFINITY;
  const records = view.getUint16(6) + view.getUint16(8);
  for (let index = 0; index < records; index++) {
    at = skipName(message, at);
    if (at + 10 > message.length) return 0;
    shortest = Math.min(shortest, view.getUint32(at + 4));
    at += 10 + view.getUint16(at + 8);
  }
  return records === 0 ? 0 : shortest;
}

function skipName(message: Uint8Array, start: number): number {
  let at = start;
  while (at < message.length) {
    const length = message[at] ?? 0;
    if (length === 0) return at + 1;
    if ((length & 0xc0) === 0xc0) return at + 2;
    at += 1 + length;
  }
  return message.length;
}
