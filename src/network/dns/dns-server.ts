import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket as TcpSocket } from 'node:net';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Counter, MetricRegistry } from '../../machinery/metrics.ts';
import { FairShare } from './fair-share.ts';
import {
  type DnsAnswer,
  type DnsQuestion,
  encodeAnswer,
  encodeQuestion,
  formatError,
  parseQuestion,
  parseReply,
  recordTypes,
  responseCodes,
} from './message.ts';
import type { Upstream } from './upstream.ts';
import type { Zone } from './zone.ts';

export interface DnsServerOptions {
  readonly environment: Environment;
  readonly zone: Zone;
  /** When the zone knows the names of the cluster: until then nobody is told that a name does not exist. */
  readonly ready: Promise<void>;
  readonly upstream: Upstream;
  readonly metrics: MetricRegistry;
  readonly address: string;
  /** 0: any that is free, the same for UDP and TCP. */
  readonly port: number;
}

const largestTcp = 65_535;
const idleTcpMs = 10_000;
const mostTcpConnections = 500;
/** Answers over UDP that the link has not taken yet. */
const mostUnsent = 1_000;
/** Answers over TCP that a client has not read yet, in bytes: more end its connection. */
const mostUnread = 1 << 20;
const internetClass = 1;
/** The zone is for those who ask for names, not for who wants all of it. */
const transfers: ReadonlySet<number> = new Set([recordTypes.AXFR, recordTypes.IXFR]);
/**
 * Questions for the machine's resolvers under way at once, of all clients. What is more is refused: a flood of names that nobody answers
 * ends there, and is cheap.
 */
const mostUnderWay = 1_000;
/** Bytes of questions that the kernel keeps while the thread is busy, if it may be so many. */
const unread = 2 << 20;
/** Questions that wait until the zone is ready, and for how long. */
const mostWaiting = 1_000;
const longestWaitMs = 2_000;

/** A question, and what its answer depends on beside it. */
interface Asked {
  readonly question: DnsQuestion;
  /** As it came. */
  readonly message: Uint8Array;
  readonly transport: 'udp' | 'tcp';
  /** The address of who asks. */
  readonly client: string;
  /** How long an answer may be. */
  readonly limit: number;
}

/** The cluster's name server: its own names from the zone, all others from upstream. */
export class DnsServer {
  readonly #options: DnsServerOptions;
  readonly #requests: Counter;
  readonly #underWay = new FairShare(mostUnderWay);
  #udp: Socket | undefined;
  #tcp: Server | undefined;
  #stopped = false;
  #ready = false;
  #waiting = 0;
  readonly #connections = new Set<TcpSocket>();

  constructor(options: DnsServerOptions) {
    this.#options = options;
    void options.ready.then(() => {
      this.#ready = true;
    });
    this.#requests = options.metrics.counter({ name: 'dns_requests_total', help: 'Questions that were asked' }).with();
  }

  /** Answers the port that it listens on. */
  async start(): Promise<number> {
    const { address, port } = this.#options;
    const tcp = createServer((socket) => this.#accept(socket));
    tcp.maxConnections = mostTcpConnections;
    tcp.listen(port, address);
    await once(tcp, 'listening');
    this.#tcp = tcp;
    const bound = tcp.address();
    const chosen = typeof bound === 'object' && bound !== null ? bound.port : port;
    const udp = createSocket({ type: 'udp4', recvBufferSize: unread });
    udp.bind(chosen, address);
    await once(udp, 'listening');
    this.#udp = udp;
    udp.on('message', (message, from) => void this.#answerUdp(udp, message, from));
    udp.on('error', () => {});
    return chosen;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#udp?.close();
    for (const connection of this.#connections) connection.destroy();
    if (this.#tcp?.listening) await new Promise((resolve) => this.#tcp?.close(resolve));
  }

  async #answerUdp(socket: Socket, message: Uint8Array, from: RemoteInfo): Promise<void> {
    const question = parseQuestion(message);
    const asked = question && { question, message, transport: 'udp' as const, client: from.address };
    const answer = asked ? await this.#answer({ ...asked, limit: asked.question.udpSize }) : formatError(message);
    if (answer === undefined) return;
    // Whoever asks faster than the link takes answers asks again.
    if (this.#stopped || socket.getSendQueueCount() > mostUnsent) return;
    socket.send(answer, from.port, from.address);
  }

  async #answer(asked: Asked): Promise<Uint8Array> {
    const { question, message, limit } = asked;
    this.#requests.add();
    const failed = (code: number) => encodeAnswer(question, { code, authoritative: false, answers: [] }, limit);
    if (question.opcode !== 0) return failed(responseCodes.notImplemented);
    if (question.edns !== undefined && question.edns > 0) return failed(responseCodes.badVersion);
    if (question.class !== internetClass || transfers.has(question.type)) return failed(responseCodes.refused);
    if (!this.#ready && !(await this.#becomesReady())) return failed(responseCodes.serverFailure);
    const own = this.#options.zone.answer(question);
    if (own?.unresolved !== undefined) return encodeAnswer(question, await this.#follow(own, asked), limit);
    if (own !== undefined) return encodeAnswer(question, own, limit);
    const answer = await this.#askUpstream(message, asked.transport, asked.client);
    return typeof answer === 'number' ? failed(answer) : answer;
  }

  /** Questions wait a little for the zone, within bounds; whoever is failed asks again. */
  async #becomesReady(): Promise<boolean> {
    if (this.#waiting >= mostWaiting) return false;
    this.#waiting++;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#options.environment.setTimer(longestWaitMs, resolve);
    await Promise.race([this.#options.ready, promise]);
    timer.cancel();
    this.#waiting--;
    return this.#ready;
  }

  /** Clients do not ask for the target of an alias themselves: its addresses belong to the answer. */
  async #follow(alias: DnsAnswer, { question, client }: Asked): Promise<DnsAnswer> {
    const { unresolved: name = '', ...found } = alias;
    const message = encodeQuestion(0, name, question.type);
    let answer = await this.#askUpstream(message, 'udp', client);
    let reply = typeof answer === 'number' ? undefined : parseReply(answer);
    if (reply?.truncated === true) {
      answer = await this.#askUpstream(message, 'tcp', client);
      reply = typeof answer === 'number' ? undefined : parseReply(answer);
    }
    if (reply === undefined) {
      const code = typeof answer === 'number' ? answer : responseCodes.serverFailure;
      return { code, authoritative: false, answers: [] };
    }
    return { code: reply.code, authoritative: false, answers: [...found.answers, ...reply.answers] };
  }

  /** What a resolver of the machine says, or the code of a failure. */
  async #askUpstream(message: Uint8Array, transport: 'udp' | 'tcp', client: string): Promise<Uint8Array | number> {
    const { upstream } = this.#options;
    const cached = upstream.cached(message, transport);
    if (cached !== undefined) return cached;
    const ask = async () => (await upstream.ask(message, transport)) ?? responseCodes.serverFailure;
    return (await this.#underWay.run(client, ask)) ?? responseCodes.refused;
  }

  #accept(socket: TcpSocket): void {
    this.#connections.add(socket);
    const { environment } = this.#options;
    let idle = environment.setTimer(idleTcpMs, () => socket.destroy());
    socket.on('close', () => {
      idle.cancel();
      this.#connections.delete(socket);
    });
    socket.on('error', () => socket.destroy());
    let received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      idle.cancel();
      idle = environment.setTimer(idleTcpMs, () => socket.destroy());
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const length = received.readUInt16BE(0);
        void this.#answerTcp(socket, received.subarray(2, 2 + length));
        received = received.subarray(2 + length);
      }
    });
  }

  async #answerTcp(socket: TcpSocket, message: Uint8Array): Promise<void> {
    const question = parseQuestion(message);
    const client = socket.remoteAddress ?? '';
    const answer =
      question === undefined
        ? formatError(message)
        : await this.#answer({ question, message, transport: 'tcp', client, limit: largestTcp });
    if (answer === undefined) {
      socket.destroy();
      return;
    }
    if (socket.writableLength > mostUnread) socket.destroy();
    if (!socket.destroyed)
      socket.write(Buffer.concat([Buffer.from([answer.length >> 8, answer.length & 255]), answer]));
  }
}
