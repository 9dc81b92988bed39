import { connect } from 'node:net';
import type { Environment } from '../../machinery/environment/environment.ts';
import { DatagramExchange, type UpstreamServer } from './datagram-exchange.ts';
import { recordTypes, responseCodes } from './message.ts';

export interface UpstreamOptions {
  readonly environment: Environment;
  /** Read anew for every round of questions, for the machine's resolvers change as it moves between networks. */
  servers(): readonly UpstreamServer[];
}

const attemptTimeoutMs = 1_500;
/** How long a resolver that did not answer is asked only after the others. */
const distrustMs = 15_000;
const cacheSize = 5_000;
const longestCacheMs = 30_000;
/** Longer answers are not kept, so that the cache has a bound in bytes too. */
const largestCached = 4_096;

const failing: ReadonlySet<number> = new Set([
  responseCodes.serverFailure,
  responseCodes.notImplemented,
  responseCodes.refused,
]);

type Transport = 'udp' | 'tcp';

interface Cached {
  readonly message: Uint8Array;
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** Passes questions about other names on to the machine's own resolvers, each in turn until one answers. */
export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #datagrams: DatagramExchange;
  readonly #cache = new Map<string, Cached>();
  readonly #underWay = new Map<string, Promise<Uint8Array | undefined>>();
  /** Until when a resolver comes last, by its address. */
  readonly #distrusted = new Map<string, number>();

  constructor(options: UpstreamOptions) {
    this.#options = options;
    this.#datagrams = new DatagramExchange(options.environment);
  }

  /** An earlier answer that is still good, with the question's own id. */
  cached(message: Uint8Array, transport: Transport): Uint8Array | undefined {
    const cached = this.#cache.get(keyOf(message, transport));
    const now = this.#options.environment.monotonic();
    if (cached === undefined || cached.untilMs <= now) return undefined;
    return aged(withId(cached.message, message), Math.floor((now - cached.sinceMs) / 1000));
  }

  /** The answer with the question's own id; undefined when no resolver answered. How many ask at once is for the caller to bound. */
  async ask(message: Uint8Array, transport: Transport): Promise<Uint8Array | undefined> {
    const cached = this.cached(message, transport);
    if (cached !== undefined) return cached;
    const key = keyOf(message, transport);
    let asking = this.#underWay.get(key);
    if (asking === undefined) {
      asking = this.#askServers(message, transport).finally(() => this.#underWay.delete(key));
      this.#underWay.set(key, asking);
    }
    const answer = await asking;
    if (answer === undefined) return undefined;
    this.#remember(key, answer);
    return withId(answer, message);
  }

  /** A resolver that fails or refuses leaves the question to the next; when all do, what one of them said is better than nothing. */
  async #askServers(message: Uint8Array, transport: Transport): Promise<Uint8Array | undefined> {
    const { environment } = this.#options;
    let failure: Uint8Array | undefined;
    for (const server of this.#trusted()) {
      const deadline = environment.deadline(attemptTimeoutMs);
      try {
        const answer = await (transport === 'udp'
          ? this.#datagrams.ask(server, message, deadline.signal)
          : exchangeTcp(server, message, deadline.signal));
        this.#distrusted.delete(server.address);
        if (!failing.has((answer[3] ?? 0) & 15)) return answer;
        failure = answer;
      } catch {
        this.#distrusted.set(server.address, environment.monotonic() + distrustMs);
      } finally {
        deadline.cancel();
      }
    }
    return failure;
  }

  /** The machine's order, but those last that did not answer lately. */
  #trusted(): readonly UpstreamServer[] {
    const now = this.#options.environment.monotonic();
    const servers = this.#options.servers();
    const late = ({ address }: UpstreamServer) => (this.#distrusted.get(address) ?? 0) > now;
    for (const address of this.#distrusted.keys())
      if (!servers.some((server) => server.address === address)) this.#distrusted.delete(address);
    return [...servers.filter((server) => !late(server)), ...servers.filter(late)];
  }

  #remember(key: string, message: Uint8Array): void {
    const ttlMs = Math.min(longestCacheMs, lifetime(message) * 1000);
    if (ttlMs <= 0 || message.length > largestCached) return;
    if (this.#cache.size >= cacheSize) {
      const [oldest] = this.#cache.keys();
      if (oldest !== undefined) this.#cache.delete(oldest);
    }
    this.#cache.delete(key);
    const now = this.#options.environment.monotonic();
    this.#cache.set(key, { message, sinceMs: now, untilMs: now + ttlMs });
  }
}

/** The id differs from client to client; everything else makes two questions the same. */
function keyOf(message: Uint8Array, transport: Transport): string {
  return `${transport}${Buffer.from(message.buffer, message.byteOffset + 2, message.byteLength - 2).toString('latin1')}`;
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

/**
 * How long an answer may be kept, in seconds: the least time to live among its records, and for one that says that there is nothing, what the
 * zone says of those (RFC 2308). 0 when the message is cut, a failure or odd.
 */
function lifetime(message: Uint8Array): number {
  if (message.length < 12 || ((message[2] ?? 0) & 0x02) !== 0) return 0;
  const code = (message[3] ?? 0) & 15;
  if (code !== responseCodes.noError && code !== responseCodes.nameError) return 0;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const lives = recordPlaces(message).map(({ at, type, end }) => {
    const ttl = view.getUint32(at + 4);
    // The last number of a zone's own record.
    return type === recordTypes.SOA && end - at >= 14 ? Math.min(ttl, view.getUint32(end - 4)) : ttl;
  });
  return lives.length === 0 ? 0 : Math.min(...lives);
}

/** The same answer as it is some seconds later. */
function aged(message: Uint8Array, seconds: number): Uint8Array {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  for (const { at } of recordPlaces(message)) view.setUint32(at + 4, Math.max(0, view.getUint32(at + 4) - seconds));
  return message;
}

/** Where the types of the records of an answer stand, those that are no records apart; none when the message is odd. */
function recordPlaces(
  message: Uint8Array,
): readonly { readonly at: number; readonly type: number; readonly end: number }[] {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const places: { at: number; type: number; end: number }[] = [];
  let at = skipName(message, 12) + 4;
  const records = view.getUint16(6) + view.getUint16(8) + view.getUint16(10);
  for (let index = 0; index < records; index++) {
    const start = skipName(message, at);
    if (start + 10 > message.length) return [];
    const end = start + 10 + view.getUint16(start + 8);
    if (end > message.length) return [];
    const type = view.getUint16(start);
    if (type !== recordTypes.OPT) places.push({ at: start, type, end });
    at = end;
  }
  return places;
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
