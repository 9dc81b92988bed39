import { Duplex } from 'node:stream';
import type { Timers } from '../environment.ts';
import { ChannelCodec } from '../websocket/channel-protocol.ts';
import { WebSocketConnection } from '../websocket/websocket-connection.ts';
import type { PortConnection, PortConnector } from './port-connection.ts';

/** Bytes of one message: as much as Kubernetes sends in one. */
const messageBytes = 32 * 1024;

/**
 * Serves the forwarding of ports over channels, as Kubernetes does for clients without SPDY: one connection to each port, with a
 * channel for its bytes and the next one for what goes wrong. Each channel begins with its port, 16 bits in little endian.
 */
export class WebSocketPortForwardServer {
  /** Resolves when the client has gone, or was sent away. */
  readonly closed: Promise<void>;
  readonly #codec: ChannelCodec;
  readonly #connection: WebSocketConnection;
  readonly #channels: readonly Duplex[];

  constructor(environment: Timers, socket: Duplex, protocol: string, ports: readonly number[], connect: PortConnector) {
    this.#codec = new ChannelCodec(protocol);
    this.#connection = new WebSocketConnection(socket, {
      idle: environment,
      onMessage: (message) => this.#accept(message),
    });
    this.#channels = ports.map((_, index) => this.#channel(2 * index));
    this.closed = this.#connection.closed.then(() => {
      for (const channel of this.#channels) channel.destroy();
    });
    void this.#run(ports, connect);
  }

  /** Ends all connections. */
  close(): void {
    this.#connection.close();
  }

  async #run(ports: readonly number[], connect: PortConnector): Promise<void> {
    await Promise.all(
      ports.map(async (port, index) => {
        const prefix = Buffer.alloc(2);
        prefix.writeUInt16LE(port);
        this.#send(2 * index, prefix, () => undefined);
        this.#send(2 * index + 1, prefix, () => undefined);
        const failure = await this.#forward(port, this.#channels[index], connect);
        if (failure !== undefined) this.#send(2 * index + 1, Buffer.from(failure), () => undefined);
      }),
    );
    this.#connection.close();
  }

  async #forward(port: number, channel: Duplex | undefined, connect: PortConnector): Promise<string | undefined> {
    let connection: PortConnection;
    try {
      connection = await connect(port);
    } catch (error) {
      return (error as Error).message;
    }
    const { data, ended } = connection;
    const over = new Promise<void>((resolve) => {
      data.once('end', resolve);
      data.once('close', resolve);
    });
    data.on('error', () => data.destroy());
    // A client cannot end one channel by itself.
    data.once('end', () => data.end());
    if (channel === undefined || channel.destroyed) data.destroy();
    else {
      channel.once('close', () => data.destroy());
      channel.pipe(data);
      data.pipe(channel, { end: false });
    }
    const [failure] = await Promise.all([ended, over]);
    data.destroy();
    return failure;
  }

  #accept(message: Buffer): void {
    const frame = this.#codec.decode(message);
    if (frame === undefined || frame.channel % 2 === 1) return;
    const channel = this.#channels[frame.channel / 2];
    if (channel !== undefined && !channel.destroyed && !channel.push(frame.data)) this.#connection.pause();
  }

  #send(channel: number, data: Uint8Array, sent: (error?: Error) => void): void {
    this.#connection.send(this.#codec.encode(channel, data), this.#codec.messageType, sent);
  }

  #channel(number: number): Duplex {
    const write = (chunk: Buffer, callback: (error?: Error | null) => void): void => {
      const rest = chunk.subarray(messageBytes);
      this.#send(number, chunk.subarray(0, messageBytes), (error) =>
        error !== undefined || rest.length === 0 ? callback(error) : write(rest, callback),
      );
    };
    const channel = new Duplex({
      read: () => this.#connection.resume(),
      write: (chunk: Buffer, _, callback) => write(chunk, callback),
    });
    return channel.on('error', () => undefined);
  }
}
