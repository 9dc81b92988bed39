import { createSocket, type Socket } from 'node:dgram';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

/**
 * A program that runs in a network namespace of the tests and does there what it is told on its standard input, a line of JSON each: serve a
 * port, telling everybody who asks its own name and who they seem to be; or ask a port. Every answer is a line of JSON with the
 * number of the order.
 */
export type StationOrder =
  | { readonly serve: 'tcp' | 'udp'; readonly port: number; readonly name: string }
  | { readonly ask: 'tcp' | 'udp'; readonly address: string; readonly port: number; readonly from?: number };

const patienceMs = 700;
/** Sockets of clients that keep their port, by it. */
const kept = new Map<number, Socket>();

function serve(protocol: 'tcp' | 'udp', port: number, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    if (protocol === 'tcp') {
      const server = createServer((socket) => {
        socket.on('error', () => {});
        socket.end(`${name} ${socket.remoteAddress}`);
      });
      server.once('error', reject);
      server.listen(port, '0.0.0.0', () => resolve('serves'));
      return;
    }
    const socket = createSocket('udp4');
    socket.once('error', reject);
    socket.on('message', (_message, from) => socket.send(`${name} ${from.address}`, from.port, from.address));
    socket.bind(port, '0.0.0.0', () => resolve('serves'));
  });
}

function askTcp(address: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    let text = '';
    const timer = setTimeout(() => end('silence'), patienceMs);
    const end = (answer: string) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('end', () => end(text));
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}

async function askUdp(address: string, port: number, from: number): Promise<string> {
  let socket = kept.get(from);
  if (socket === undefined) {
    socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket?.bind(from, () => resolve()));
    if (from !== 0) kept.set(from, socket);
  }
  const asking = socket;
  return await new Promise((resolve) => {
    const timer = setTimeout(() => end('silence'), patienceMs);
    const end = (answer: string) => {
      clearTimeout(timer);
      asking.removeAllListeners();
      if (from === 0) asking.close();
      resolve(answer);
    };
    asking.once('message', (message) => end(message.toString()));
    asking.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    asking.send('?', port, address);
  });
}

async function obey(order: StationOrder): Promise<string> {
  if ('serve' in order) return await serve(order.serve, order.port, order.name);
  if (order.ask === 'tcp') return await askTcp(order.address, order.port);
  return await askUdp(order.address, order.port, order.from ?? 0);
}

if (import.meta.main) {
  createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, order } = JSON.parse(line) as { id: number; order: StationOrder };
    obey(order)
      .catch((error: Error) => `error: ${error.message}`)
      .then((answer) => process.stdout.write(`${JSON.stringify({ id, answer })}\n`));
  });
}
