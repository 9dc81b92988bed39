import { createSocket, type Socket } from 'node:dgram';
import type { Environment } from '../../machinery/environment/environment.ts';

export interface UpstreamServer {
  readonly address: string;
  readonly port: number;
}

/** Questions that one socket asks before another one takes over, with another port: who would forge answers has to guess it. */
const mostQuestions = 500;

interface Asked {
  /** Name, type and class, as they come back with an answer. */
  readonly question: string;
  resolve(answer: Uint8Array): void;
  reject(error: Error): void;
}

/** A socket with the questions that wait on it, by their ids. */
interface Channel {
  readonly socket: Socket;
  readonly connected: Promise<unknown>;
  readonly waiting: Map<number, Asked>;
  questions: number;
}

/** Asks name servers over UDP. Questions to one server share a socket, so that many at a time cost little; ids and ports are random. */
export class DatagramExchange {
  readonly #environment: Pick<Environment, 'randomBytes'>;
  /** Those that take new questions, by their server. */
  readonly #channels = new Map<string, Channel>();

  constructor(environment: Pick<Environment, 'randomBytes'>) {
    this.#environment = environment;
  }

  /** Resolves to the answer, with an id of our own. Rejects when the signal is aborted or the server cannot be reached. */
  ask(server: UpstreamServer, message: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const key = `${server.address}#${server.port}`;
    const channel = this.#channels.get(key) ?? this.#open(key, server);
    if (++channel.questions >= mostQuestions) this.#channels.delete(key);
    const id = this.#freeId(channel);
    const datagram = Buffer.from(message);
    datagram.writeUInt16BE(id, 0);
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        signal.removeEventListener('abort', abort);
        channel.waiting.delete(id);
        this.#closeUnused(key, channel);
        act();
      };
      const abort = () => settle(() => reject(signal.reason));
      signal.addEventListener('abort', abort, { once: true });
      channel.waiting.set(id, {
        question: questionOf(message),
        resolve: (answer) => settle(() => resolve(answer)),
        reject: (error) => settle(() => reject(error)),
      });
      void channel.connected.then(() => {
        if (channel.waiting.has(id)) channel.socket.send(datagram);
      });
    });
  }

  #open(key: string, { address, port }: UpstreamServer): Channel {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const { promise: connected, resolve } = Promise.withResolvers<void>();
    const channel: Channel = { socket, connected, waiting: new Map(), questions: 0 };
    socket.on('message', (answer) => {
      const asked = answer.length < 12 ? undefined : channel.waiting.get(answer.readUInt16BE(0));
      // Anybody may send to this port: only an answer to the very question counts.
      if (asked !== undefined && questionOf(answer) === asked.question) asked.resolve(answer);
    });
    socket.on('error', (error) => {
      for (const asked of [...channel.waiting.values()]) asked.reject(error);
    });
    socket.connect(port, address, () => resolve());
    this.#channels.set(key, channel);
    return channel;
  }

  /** With nobody waiting a socket goes, and with it its port. */
  #closeUnused(key: string, channel: Channel): void {
    if (channel.waiting.size > 0) return;
    if (this.#channels.get(key) === channel) this.#channels.delete(key);
    channel.socket.close();
  }

  #freeId({ waiting }: Channel): number {
    for (;;) {
      const [high = 0, low = 0] = this.#environment.randomBytes(2);
      const id = (high << 8) | low;
      if (!waiting.has(id)) return id;
    }
  }
}

/** The question of a message, whatever the case of its letters; empty when it cannot be read. */
function questionOf(message: Uint8Array): string {
  let at = 12;
  for (let length = message[at] ?? 0; length !== 0 && length < 64; length = message[at] ?? 0) at += 1 + length;
  return Buffer.from(message.buffer, message.byteOffset + 12, Math.min(at + 5, message.length) - 12)
    .toString('latin1')
    .toLowerCase();
}
