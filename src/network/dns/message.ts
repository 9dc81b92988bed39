/** The wire format of DNS (RFC 1035), as far as a cluster's server needs it. */
export const recordTypes = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  IXFR: 251,
  AXFR: 252,
} as const;

export const responseCodes = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  nameError: 3,
  notImplemented: 4,
  refused: 5,
  /** Of extensions that are not known; only an answer with an OPT record holds it. */
  badVersion: 16,
} as const;

export type DnsRecord =
  | { readonly type: 'A'; readonly name: string; readonly ttl: number; readonly address: string }
  | { readonly type: 'AAAA'; readonly name: string; readonly ttl: number; readonly bytes: Uint8Array }
  | { readonly type: 'CNAME' | 'PTR'; readonly name: string; readonly ttl: number; readonly target: string }
  | { readonly type: 'TXT'; readonly name: string; readonly ttl: number; readonly text: string }
  | {
      readonly type: 'SRV';
      readonly name: string;
      readonly ttl: number;
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: string;
    }
  | { readonly type: 'SOA'; readonly name: string; readonly ttl: number; readonly serial: number };

export interface DnsQuestion {
  readonly id: number;
  /** Lower case, without the dot at the end. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly opcode: number;
  /** What an answer repeats: opcode, RD and CD (RFC 4035, 3.2.2). */
  readonly repeated: number;
  /** How large an answer over UDP may be: 512 unless the client says more (EDNS, RFC 6891). */
  readonly udpSize: number;
  /** The version of the extensions that the client speaks; undefined: none. */
  readonly edns: number | undefined;
  /** The question as it came, to be sent back letter for letter. */
  readonly raw: Uint8Array;
}

export interface DnsAnswer {
  readonly code: number;
  readonly authoritative: boolean;
  readonly answers: readonly DnsRecord[];
  readonly authority?: readonly DnsRecord[];
  readonly additional?: readonly DnsRecord[];
  /** An alias leads to this name, which somebody else knows. */
  readonly unresolved?: string;
}

const headerLength = 12;
const largestUdp = 4096;
const repeatedFlags = 0x7910;

/** Tells that a query cannot be read; undefined for what is none: there is nothing to answer then. */
export function formatError(message: Uint8Array): Uint8Array | undefined {
  if (message.length < headerLength) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const flags = view.getUint16(2);
  if ((flags & 0x8000) !== 0) return undefined;
  const answer = new Uint8Array(headerLength);
  const header = new DataView(answer.buffer);
  header.setUint16(0, view.getUint16(0));
  header.setUint16(2, 0x8080 | (flags & repeatedFlags) | responseCodes.formatError);
  return answer;
}

/** Reads a query; undefined when it is no query at all or cannot be read. */
export function parseQuestion(message: Uint8Array): DnsQuestion | undefined {
  if (message.length < headerLength) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const flags = view.getUint16(2);
  if ((flags & 0x8000) !== 0 || view.getUint16(4) !== 1) return undefined;
  const name = readName(message, headerLength);
  if (name === undefined || name.end + 4 > message.length) return undefined;
  const end = name.end + 4;
  const edns = readEdns(view, message, end, view.getUint16(6) + view.getUint16(8), view.getUint16(10));
  return {
    id: view.getUint16(0),
    name: name.labels.join('.').toLowerCase(),
    type: view.getUint16(name.end),
    class: view.getUint16(name.end + 2),
    opcode: (flags >> 11) & 15,
    repeated: flags & repeatedFlags,
    udpSize: Math.min(largestUdp, Math.max(512, edns?.size ?? 0)),
    edns: edns?.version,
    raw: message.slice(headerLength, end),
  };
}

/**
 * Writes an answer. One that does not fit into `limit` bytes is cut to what does and marked, so that the client asks over TCP; some never
 * do and take what there is.
 */
export function encodeAnswer(question: DnsQuestion, answer: DnsAnswer, limit: number): Uint8Array {
  const { answers, authority = [], additional = [] } = answer;
  const whole = encode(question, answer, [answers, authority, additional], false);
  if (whole.length <= limit) return whole;
  // What goes beside an answer is no reason to ask again.
  const bare = encode(question, answer, [answers, authority, []], false);
  if (bare.length <= limit) return bare;
  let fits = 0;
  for (let more = answers.length; fits < more; ) {
    const half = Math.ceil((fits + more) / 2);
    if (encode(question, answer, [answers.slice(0, half), [], []], true).length <= limit) fits = half;
    else more = half - 1;
  }
  return encode(question, answer, [answers.slice(0, fits), [], []], true);
}

function encode(
  question: DnsQuestion,
  { authoritative, code }: DnsAnswer,
  sections: readonly [readonly DnsRecord[], readonly DnsRecord[], readonly DnsRecord[]],
  truncated: boolean,
): Uint8Array {
  const writer = new MessageWriter();
  const flags =
    0x8000 | (authoritative ? 0x0400 : 0) | (truncated ? 0x0200 : 0) | 0x0080 | question.repeated | (code & 15);
  const [answers, authority, additional] = sections;
  writer.header(question, flags, [
    answers.length,
    authority.length,
    additional.length + (question.edns === undefined ? 0 : 1),
  ]);
  for (const section of sections) for (const record of section) writer.record(record);
  if (question.edns !== undefined) writer.edns(code >> 4);
  return writer.bytes();
}

/** A question of our own, over UDP without extensions or over TCP. */
export function encodeQuestion(id: number, name: string, type: number): Uint8Array {
  const labels = name.split('.').map((label) => new TextEncoder().encode(label).subarray(0, 63));
  const encoded = labels.flatMap((label) => [label.length, ...label]);
  const header = [id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
  return Uint8Array.from([...header, ...encoded, 0, type >> 8, type & 255, 0, 1]);
}

/** The addresses and aliases among the answers of another server, and its code; undefined when it cannot be read. */
export function parseReply(
  message: Uint8Array,
): { readonly code: number; readonly truncated: boolean; readonly answers: readonly DnsRecord[] } | undefined {
  if (message.length < headerLength) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const flags = view.getUint16(2);
  const asked = readName(message, headerLength);
  if (asked === undefined) return undefined;
  let at = asked.end + 4;
  const answers: DnsRecord[] = [];
  for (let index = 0; index < view.getUint16(6); index++) {
    const owner = readName(message, at);
    if (owner === undefined || owner.end + 10 > message.length) return undefined;
    const data = owner.end + 10;
    at = data + view.getUint16(owner.end + 8);
    if (at > message.length) return undefined;
    const common = { name: owner.labels.join('.').toLowerCase(), ttl: view.getUint32(owner.end + 4) };
    const type = view.getUint16(owner.end);
    if (type === recordTypes.A && at - data === 4)
      answers.push({ ...common, type: 'A', address: message.slice(data, at).join('.') });
    else if (type === recordTypes.AAAA && at - data === 16)
      answers.push({ ...common, type: 'AAAA', bytes: message.slice(data, at) });
    else if (type === recordTypes.CNAME) {
      const target = readName(message, data)?.labels.join('.').toLowerCase();
      if (target !== undefined) answers.push({ ...common, type: 'CNAME', target });
    }
  }
  return { code: flags & 15, truncated: (flags & 0x0200) !== 0, answers };
}

class MessageWriter {
  readonly #bytes: number[] = [];
  /** Where a name was written before, for pointers to it (RFC 1035, 4.1.4). */
  readonly #names = new Map<string, number>();

  header(question: DnsQuestion, flags: number, counts: readonly [number, number, number]): void {
    for (const value of [question.id, flags, 1, ...counts]) this.#uint16(value);
    this.#names.set(question.name, headerLength);
    this.#bytes.push(...question.raw);
  }

  record(record: DnsRecord): void {
    this.#name(record.name);
    this.#uint16(recordTypes[record.type]);
    this.#uint16(1);
    this.#uint32(record.ttl);
    const lengthAt = this.#bytes.length;
    this.#uint16(0);
    this.#data(record);
    const length = this.#bytes.length - lengthAt - 2;
    this.#bytes[lengthAt] = length >> 8;
    this.#bytes[lengthAt + 1] = length & 255;
  }

  /** Our own OPT record: we take answers of this size, and this is the upper part of the code. */
  edns(code: number): void {
    this.#bytes.push(0);
    this.#uint16(recordTypes.OPT);
    this.#uint16(largestUdp);
    this.#uint32(code << 24);
    this.#uint16(0);
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  #data(record: DnsRecord): void {
    switch (record.type) {
      case 'A':
        this.#bytes.push(...record.address.split('.').map(Number));
        break;
      case 'AAAA':
        this.#bytes.push(...record.bytes);
        break;
      case 'CNAME':
      case 'PTR':
        this.#name(record.target);
        break;
      case 'TXT':
        this.#bytes.push(record.text.length, ...new TextEncoder().encode(record.text));
        break;
      case 'SRV':
        this.#uint16(record.priority);
        this.#uint16(record.weight);
        this.#uint16(record.port);
        // RFC 2782: the target is not compressed.
        this.#labels(record.target);
        break;
      case 'SOA':
        this.#name(`ns.dns.${record.name}`);
        this.#name(`hostmaster.${record.name}`);
        for (const value of [record.serial, 7200, 1800, 86400, record.ttl]) this.#uint32(value);
        break;
    }
  }

  #name(name: string): void {
    const known = this.#names.get(name);
    if (known !== undefined) {
      this.#uint16(0xc000 | known);
      return;
    }
    if (name !== '' && this.#bytes.length < 0x3fff) this.#names.set(name, this.#bytes.length);
    const dot = name.indexOf('.');
    const label = dot < 0 ? name : name.slice(0, dot);
    this.#label(label);
    if (label === '') return;
    if (dot < 0) this.#bytes.push(0);
    else this.#name(name.slice(dot + 1));
  }

  #labels(name: string): void {
    for (const label of name.split('.')) this.#label(label);
    this.#bytes.push(0);
  }

  #label(label: string): void {
    const bytes = new TextEncoder().encode(label).subarray(0, 63);
    this.#bytes.push(bytes.length, ...bytes);
  }

  #uint16(value: number): void {
    this.#bytes.push((value >> 8) & 255, value & 255);
  }

  #uint32(value: number): void {
    this.#bytes.push((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
  }
}

/** The labels of a name and where it ends. Pointers go backwards only, so that no message can make this run for ever. */
function readName(message: Uint8Array, start: number): { readonly labels: string[]; readonly end: number } | undefined {
  const labels: string[] = [];
  let at = start;
  let end: number | undefined;
  let total = 0;
  for (;;) {
    const length = message[at];
    if (length === undefined) return undefined;
    if (length === 0) return { labels, end: end ?? at + 1 };
    if ((length & 0xc0) === 0xc0) {
      const target = ((length & 0x3f) << 8) | (message[at + 1] ?? 0);
      if (at + 1 >= message.length || target >= at) return undefined;
      end ??= at + 2;
      at = target;
      continue;
    }
    if (length > 63 || at + 1 + length > message.length) return undefined;
    total += length + 1;
    if (total > 255) return undefined;
    labels.push(new TextDecoder().decode(message.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
}

/** Payload size and version of an OPT record among the additional ones; undefined without one. */
function readEdns(
  view: DataView,
  message: Uint8Array,
  start: number,
  before: number,
  additional: number,
): { readonly size: number; readonly version: number } | undefined {
  let at = start;
  for (let index = 0; index < Math.min(before + additional, 64); index++) {
    const name = readName(message, at);
    if (name === undefined || name.end + 10 > message.length) return undefined;
    const type = view.getUint16(name.end);
    if (index >= before && type === recordTypes.OPT)
      return { size: view.getUint16(name.end + 2), version: view.getUint8(name.end + 5) };
    at = name.end + 10 + view.getUint16(name.end + 8);
  }
  return undefined;
}
