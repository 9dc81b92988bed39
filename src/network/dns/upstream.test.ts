import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import type { Environment } from '../../machinery/environment/environment.ts';
import { RealEnvironment } from '../../machinery/environment/real.ts';
import type { UpstreamServer } from './datagram-exchange.ts';
import { encodeQuestion } from './message.ts';
import { Upstream } from './upstream.ts';

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

/** A clock that the test moves; everything else is real. */
class MovedEnvironment extends RealEnvironment {
  moved = 0;
  override monotonic(): number {
    return super.monotonic() + this.moved;
  }
}

interface FakeResolver extends UpstreamServer {
  asked: number;
}

const loopback = '127.0.0.1';
const addressRecord = 'c00c000100010000001400040a000001';
/** `test` with 20 seconds to live, of which what does not exist is so for 10. */
const zoneRecord = 'c00c00060001000000140018c00cc00c' + '00000001000000020000000300000004' + '0000000a';

/** Answers with a code and records; silent without. */
async function resolver(
  answer?: { code: number; answers?: string; authority?: string },
  address = loopback,
): Promise<FakeResolver> {
  const socket = createSocket('udp4');
  sockets.push(socket);
  socket.bind(0, address);
  await once(socket, 'listening');
  const fake = { address, port: socket.address().port, asked: 0 };
  socket.on('message', (message, from) => {
    fake.asked++;
    if (answer === undefined) return;
    const { code, answers = '', authority = '' } = answer;
    const header = Buffer.from(message.subarray(0, 12));
    header.writeUInt16BE(0x8180 | code, 2);
    header.writeUInt16BE(answers === '' ? 0 : 1, 6);
    header.writeUInt16BE(authority === '' ? 0 : 1, 8);
    socket.send(
      Buffer.concat([header, message.subarray(12), Buffer.from(answers + authority, 'hex')]),
      from.port,
      address,
    );
  });
  return fake;
}

const question = (id = 7) => encodeQuestion(id, 'name.test', 1);
const upstreamOf = (servers: readonly UpstreamServer[], environment: Environment = new RealEnvironment()) =>
  new Upstream({ environment, servers: () => servers });
const codeOf = (message: Uint8Array | undefined) => (message === undefined ? undefined : (message[3] ?? 0) & 15);
/** Of the one record after the question. */
const ttlOf = (message: Uint8Array | undefined) =>
  message === undefined ? undefined : new DataView(message.buffer, message.byteOffset).getUint32(question().length + 6);

describe('the machine’s resolvers', () => {
  test('one that fails or refuses leaves the question to the next', async () => {
    const [broken, refusing, good] = [
      await resolver({ code: 2 }),
      await resolver({ code: 5 }),
      await resolver({ code: 0, answers: addressRecord }),
    ];
    expect(codeOf(await upstreamOf([broken, refusing, good]).ask(question(), 'udp'))).toBe(0);
    expect(codeOf(await upstreamOf([broken]).ask(question(), 'udp'))).toBe(2);
  });

  test('one that was silent is asked last for a while, so that not every question waits for it', async () => {
    const silent = await resolver(undefined, '127.0.0.2');
    const upstream = upstreamOf([silent, await resolver({ code: 3 })]);
    expect(codeOf(await upstream.ask(question(), 'udp'))).toBe(3);
    expect(codeOf(await upstream.ask(encodeQuestion(8, 'other.test', 1), 'udp'))).toBe(3);
    expect(silent.asked).toBe(1);
  });
});

describe('answers are kept', () => {
  test('for their time, and grow old', async () => {
    const environment = new MovedEnvironment();
    const good = await resolver({ code: 0, answers: addressRecord });
    const upstream = upstreamOf([good], environment);
    expect(ttlOf(await upstream.ask(question(1), 'udp'))).toBe(20);
    environment.moved = 15_000;
    const later = await upstream.ask(question(2), 'udp');
    expect([later?.[1], ttlOf(later)]).toEqual([2, 5]);
    environment.moved = 21_000;
    expect(ttlOf(await upstream.ask(question(3), 'udp'))).toBe(20);
    expect(good.asked).toBe(2);
  });

  test('also that there is nothing, for as long as the zone says', async () => {
    const environment = new MovedEnvironment();
    const none = await resolver({ code: 3, authority: zoneRecord });
    const upstream = upstreamOf([none], environment);
    for (const moved of [0, 9_000, 11_000]) {
      environment.moved = moved;
      expect(codeOf(await upstream.ask(question(), 'udp'))).toBe(3);
    }
    expect(none.asked).toBe(2);
  });

  test('but no failure', async () => {
    const broken = await resolver({ code: 2 });
    const upstream = upstreamOf([broken]);
    await upstream.ask(question(), 'udp');
    await upstream.ask(question(), 'udp');
    expect(broken.asked).toBe(2);
  });
});
