import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChannelCodec, channelProtocols } from './channel-protocol.ts';

test.each(channelProtocols)('"%s" carries any bytes on any channel', (protocol) => {
  const codec = new ChannelCodec(protocol);
  fc.assert(
    fc.property(fc.nat(4), fc.uint8Array(), (channel, bytes) => {
      expect(codec.decode(codec.encode(channel, bytes))).toEqual({ channel, data: Buffer.from(bytes), end: false });
    }),
  );
});

test('only version 5 ends a channel', () => {
  const codec = new ChannelCodec('v5.channel.k8s.io');
  expect(codec.encodeEnd(0)).toEqual(Buffer.from([255, 0]));
  expect(codec.decode(Buffer.from([255, 0]))).toEqual({ channel: 0, data: Buffer.alloc(0), end: true });
  expect(new ChannelCodec('v4.channel.k8s.io').encodeEnd(0)).toBeUndefined();
  expect(new ChannelCodec('v4.channel.k8s.io').decode(Buffer.from([255, 0]))).toMatchObject({
    channel: 255,
    end: false,
  });
});

test('what is no message of a channel is passed over', () => {
  expect(new ChannelCodec('v5.channel.k8s.io').decode(Buffer.alloc(0))).toBeUndefined();
  expect(new ChannelCodec('v5.channel.k8s.io').decode(Buffer.from([255]))).toBeUndefined();
  expect(new ChannelCodec('base64.channel.k8s.io').decode(Buffer.from('xAAAA'))).toBeUndefined();
});
