/**
 * Kubernetes' protocols that carry numbered channels in the messages of a WebSocket: the channel comes first, as a byte, or as
 * a digit before base64. Version 5 can end one channel; version 4 ends with a Status on the error channel; before it came plain text.
 */
export const channelProtocols = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
  // A client that asks for none gets the binary one.
  '',
] as const;

/** The channels of a command. */
export const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;

/** Version 5: the message [255, channel] ends a channel. */
const closeChannel = 255;

export interface ChannelMessage {
  readonly channel: number;
  readonly data: Buffer;
  /** Whether it ends the channel. */
  readonly end: boolean;
}

/** How channels are written in one of the protocols. */
export class ChannelCodec {
  /** The type of the messages that carry them. */
  readonly messageType: 'binary' | 'text';
  /** Whether a channel can be ended by itself. */
  readonly canEnd: boolean;

  constructor(protocol: string) {
    this.messageType = protocol.includes('base64') ? 'text' : 'binary';
    this.canEnd = protocol.startsWith('v5.');
  }

  encode(channel: number, data: Uint8Array): Buffer {
    if (this.messageType === 'binary') return Buffer.concat([Buffer.of(channel), data]);
    return Buffer.from(`${channel}${Buffer.from(data).toString('base64')}`);
  }

  /** The message that ends a channel; undefined where the protocol has none. */
  encodeEnd(channel: number): Buffer | undefined {
    return this.canEnd ? Buffer.of(closeChannel, channel) : undefined;
  }

  /** Undefined for what is no message of a channel: it is passed over, as Kubernetes does. */
  decode(message: Buffer): ChannelMessage | undefined {
    const [first] = message;
    if (first === undefined) return undefined;
    if (this.messageType === 'text') {
      const channel = first - 0x30;
      if (channel < 0 || channel > 9) return undefined;
      return { channel, data: Buffer.from(message.toString('latin1', 1), 'base64'), end: false };
    }
    if (this.canEnd && first === closeChannel) {
      const channel = message[1];
      return channel === undefined ? undefined : { channel, data: Buffer.alloc(0), end: true };
    }
    return { channel: first, data: message.subarray(1), end: false };
  }
}
