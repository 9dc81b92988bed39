import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { RealEnvironment } from '../../machinery/environment/real.ts';
import { DatagramExchange } from './datagram-exchange.ts';
import { encodeQuestion } from './message.ts';

const never = new AbortController().signal;

async function serverWith(answer: (message: Buffer, from: RemoteInfo, send: (bytes: Buffer) => void) => void) {
  const socket = createSocket('udp4');
  socket.on('message', (message, from) =>
    answer(message, from, (bytes) => socket.send(bytes, from.port, from.address)),
  );
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { address: '127.0.0.1', port: socket.address().port, close: () => socket.close() };
}

test('questions at a time share a port, and each gets its own answer', async () => {
  const ports = new Set<number>();
  const waiting: (() => void)[] = [];
  const server = await serverWith((message, from, send) => {
    ports.add(from.port);
    waiting.push(() => send(message));
    // The last one first.
    if (waiting.length === 50) for (const act of waiting.reverse()) act();
  });
  const exchange = new DatagramExchange(new RealEnvironment());
  const names = Array.from({ length: 50 }, (_, index) => `n${index}.test`);
  const answers = await Promise.all(names.map((name) => exchange.ask(server, encodeQuestion(1, name, 1), never)));
  for (const [index, answer] of answers.entries())
    expect(Buffer.from(answer).toString('latin1')).toContain(`n${index}\x04test`);
  expect(ports.size).toBe(1);
  // With nobody waiting the port is given back.
  waiting.splice(0, waiting.length, ...Array.from({ length: 49 }, () => () => {}));
  await exchange.ask(server, encodeQuestion(1, 'later.test', 1), never);
  server.close();
});

test('an answer to another question is none', async () => {
  const server = await serverWith((message, _from, send) => {
    const forged = Buffer.from(encodeQuestion(message.readUInt16BE(0), 'forged.test', 1));
    send(forged);
    // In other letters, as some servers send it back.
    send(Buffer.from(message.toString('latin1').replace('real', 'REAL'), 'latin1'));
  });
  const exchange = new DatagramExchange(new RealEnvironment());
  const answer = await exchange.ask(server, encodeQuestion(1, 'real.test', 1), never);
  expect(Buffer.from(answer).toString('latin1')).toContain('REAL');
  server.close();
});

test('a server that is not there is known at once, and one that is silent when time is up', async () => {
  const gone = await serverWith(() => {});
  gone.close();
  const exchange = new DatagramExchange(new RealEnvironment());
  await expect(exchange.ask(gone, encodeQuestion(1, 'a.test', 1), never)).rejects.toThrow('ECONNREFUSED');
  const silent = await serverWith(() => {});
  const stop = new AbortController();
  const asked = exchange.ask(silent, encodeQuestion(1, 'a.test', 1), stop.signal);
  stop.abort(new Error('time is up'));
  await expect(asked).rejects.toThrow('time is up');
  silent.close();
});
