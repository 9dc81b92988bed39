import { createSocket } from 'node:dgram';
import { connect } from 'node:net';

/** What a name server said, in words: types and names as text, records in an order of their own. */
export interface DnsReply {
  readonly code: string;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly recursionAvailable: boolean;
  /** `NAME TTL TYPE DATA`. */
  readonly answers: readonly string[];
  readonly authority: readonly string[];
  readonly additional: readonly string[];
}

export interface DnsServerAddress {
  readonly address: string;
  readonly port: number;
}

export interface DnsAskOptions {
  readonly transport?: 'udp' | 'tcp';
  /** Size for answers over UDP that the question carries in an OPT record; absent: no such record. */
  readonly edns?: number;
}

const types: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  ANY: 255,
};
const typeNames = new Map(Object.entries(types).map(([name, number]) => [number, name]));
const codes = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];
const patienceMs = 5_000;

/** Asks a name server; names are sent in the letters in which they are given. */
export async function askDns(
  server: DnsServerAddress,
  name: string,
  type: string,
  { transport = 'udp', edns }: DnsAskOptions = {},
): Promise<DnsReply> {
  const question = encodeQuestion(name, types[type] ?? Number(type), edns);
  const answer = transport === 'udp' ? await exchangeUdp(server, question) : await exchangeTcp(server, question);
  return decodeReply(answer);
}

function encodeQuestion(name: string, type: number, edns: number | undefined): Buffer {
  const header = Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, edns === undefined ? 0 : 1]);
  const labels = name.split('.').filter((label) => label !== '');
  const encoded = labels.flatMap((label) => [label.length, ...Buffer.from(label)]);
  const opt = edns === undefined ? [] : [0, 0, 41, edns >> 8, edns & 255, 0, 0, 0, 0, 0, 0];
  return Buffer.concat([header, Buffer.from([...encoded, 0, type >> 8, type & 255, 0, 1, ...opt])]);
}

function exchangeUdp({ address, port }: DnsServerAddress, question: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    const timer = setTimeout(() => end(() => reject(new Error('no answer'))), patienceMs);
    const end = (act: () => void) => {
      clearTimeout(timer);
      socket.close();
      act();
    };
    socket.once('message', (message) => end(() => resolve(message)));
    socket.once('error', (error) => end(() => reject(error)));
    socket.send(question, port, address);
  });
}

function exchangeTcp({ address, port }: DnsServerAddress, question: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, timeout: patienceMs });
    let received = Buffer.alloc(0);
    socket.once('timeout', () => socket.destroy(new Error('no answer')));
    socket.once('error', reject);
    socket.write(Buffer.concat([Buffer.from([question.length >> 8, question.length & 255]), question]));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      resolve(received.subarray(2));
      socket.destroy();
    });
  });
}

function decodeReply(message: Buffer): DnsReply {
  const flags = message.readUInt16BE(2);
  let at = readName(message, 12).end + 4;
  const section = (count: number) => {
    const records: string[] = [];
    for (let index = 0; index < count; index++) {
      const record = readRecord(message, at);
      at = record.end;
      if (record.text !== '') records.push(record.text);
    }
    return records.toSorted();
  };
  return {
    code: codes[flags & 15] ?? String(flags & 15),
    authoritative: (flags & 0x0400) !== 0,
    truncated: (flags & 0x0200) !== 0,
    recursionAvailable: (flags & 0x0080) !== 0,
    answers: section(message.readUInt16BE(6)),
    authority: section(message.readUInt16BE(8)),
    additional: section(message.readUInt16BE(10)),
  };
}

/** The OPT record is no record of anything and reads as nothing. */
function readRecord(message: Buffer, start: number): { readonly text: string; readonly end: number } {
  const { name, end: at } = readName(message, start);
  const type = message.readUInt16BE(at);
  const data = at + 10;
  const end = data + message.readUInt16BE(at + 8);
  const text = `${name} ${message.readUInt32BE(at + 4)} ${typeNames.get(type) ?? type} ${readData(message, type, data, end)}`;
  return { text: type === types['OPT'] ? '' : text, end };
}

function readData(message: Buffer, type: number, at: number, end: number): string {
  switch (typeNames.get(type)) {
    case 'A':
      return [...message.subarray(at, end)].join('.');
    case 'NS':
    case 'CNAME':
    case 'PTR':
      return readName(message, at).name;
    case 'TXT':
      return message.subarray(at + 1, end).toString();
    case 'SRV':
      return [0, 2, 4]
        .map((offset) => String(message.readUInt16BE(at + offset)))
        .concat(readName(message, at + 6).name)
        .join(' ');
    case 'SOA': {
      const server = readName(message, at);
      const mailbox = readName(message, server.end);
      // The serial number is the time of the answer.
      const numbers = [4, 8, 12, 16].map((offset) => message.readUInt32BE(mailbox.end + offset));
      return [server.name, mailbox.name, ...numbers].join(' ');
    }
    default:
      return message.subarray(at, end).toString('hex');
  }
}

function readName(message: Buffer, start: number): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = start;
  let end: number | undefined;
  for (;;) {
    const length = message.readUInt8(at);
    if (length === 0) return { name: `${labels.join('.')}.`, end: end ?? at + 1 };
    if ((length & 0xc0) === 0xc0) {
      end ??= at + 2;
      at = message.readUInt16BE(at) & 0x3fff;
      continue;
    }
    labels.push(message.subarray(at + 1, at + 1 + length).toString());
    at += 1 + length;
  }
}
