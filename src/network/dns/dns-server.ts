import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket as TcpSocket } from 'node:net';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Counter, MetricRegistry } from '../../machinery/metrics.ts';
import { type DnsQuestion, encodeAnswer, parseQuestion, responseCodes } from './message.ts';
import type { Upstream } from './upstream.ts';
import type { Zone } from './zone.ts';

export interface DnsServerOptions {
  readonly environment: Environment;
  readonly zone: Zone;
  readonly upstream: Upstream;
  readonly metrics: MetricRegistry;
  readonly address: string;
  /** 0: any that is free, the same for UDP and TCP. */
  readonly port: number;
}

const largestTcp = 65_535;
const idleTcpMs = 10_000;
const mostTcpConnections = 500;

/** The cluster's name server: its own names from the zone, all others from upstream. */
export class DnsServer {
  readonly #options: DnsServerOptions;
  readonly #requests: Counter;
  #udp: Socket | undefined;
  #tcp: Server | undefined;
  readonly #connections = new Set<TcpSocket>();

  constructor(options: DnsServerOptions) {
    this.#options = options;
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
    const udp = createSocket('udp4');
    udp.bind(chosen, address);
    await once(udp, 'listening');
    this.#udp = udp;
    udp.on('message', (message, from) => void this.#answerUdp(udp, message, from));
    udp.on('error', () => {});
    return chosen;
  }

  async stop(): Promise<void> {
    this.#udp?.close();
    for (const connection of this.#connections) connection.destroy();
    if (this.#tcp?.listening) await new Promise((resolve) => this.#tcp?.close(resolve));
  }

  async #answerUdp(socket: Socket, message: Uint8Array, from: RemoteInfo): Promise<void> {
    const question = parseQuestion(message);
    if (question === undefined) return;
    const answer = await this.#answer(question, message, 'udp', question.udpSize);
    try {
      socket.send(answer, from.port, from.address);
    } catch {
      // The server was stopped meanwhile.
    }
  }

  async #answer(
    question: DnsQuestion,
    message: Uint8Array,
    transport: 'udp' | 'tcp',
    limit: number,
  ): Promise<Uint8Array> {
    this.#requests.add();
    const failed = (code: number) => encodeAnswer(question, { code, authoritative: false, answers: [] }, limit);
    if (question.opcode !== 0) return failed(responseCodes.notImplemented);
    const own = this.#options.zone.answer(question);
    if (own !== undefined) return encodeAnswer(question, own, limit);
    return (await this.#options.upstream.ask(message, transport)) ?? failed(responseCodes.serverFailure);
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
    if (question === undefined) {
      socket.destroy();
      return;
    }
    const answer = await this.#answer(question, message, 'tcp', largestTcp);
    if (!socket.destroyed)
      socket.write(Buffer.concat([Buffer.from([answer.length >> 8, answer.length & 255]), answer]));
  }
}
