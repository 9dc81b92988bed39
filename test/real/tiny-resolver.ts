import { createSocket } from 'node:dgram';

/** A name server for the tests: `example.test` has the address 192.0.2.53, and no other name exists. */
const known = Buffer.from('\x07example\x04test\x00', 'latin1');
const address = process.argv[2] ?? '127.0.0.1';
const socket = createSocket('udp4');

socket.on('message', (message, from) => {
  let end = 12;
  while (message[end] !== 0) end += 1 + (message[end] ?? 0);
  const question = message.subarray(12, end + 5);
  const exists = question.subarray(0, -4).equals(known);
  const isAddress = exists && message.readUInt16BE(end + 1) === 1;
  const header = Buffer.from(message.subarray(0, 12));
  header.writeUInt16BE(exists ? 0x8180 : 0x8183, 2);
  header.writeUInt16BE(isAddress ? 1 : 0, 6);
  header.writeUInt16BE(0, 10);
  const record = Buffer.from('c00c000100010000003c0004c0000235', 'hex');
  socket.send(Buffer.concat([header, question, ...(isAddress ? [record] : [])]), from.port, from.address);
});
socket.bind(53, address, () => process.stdout.write('listens\n'));
