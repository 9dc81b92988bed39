import { isIP } from 'node:net';
import { ipAddressBytes } from '../../wire/pki/ip-address-bytes.ts';

export type IPFamily = 'IPv4' | 'IPv6';

/** No range is used further than this: nobody has more services. */
const maxSize = 2 ** 20;

/** The addresses that services may have, as offsets from the first: `10.96.0.0/16` begins with 10.96.0.1 at offset 0. */
export class AddressRange {
  readonly family: IPFamily;
  /** How many addresses there are: without that of the network, and in IPv4 without that of broadcasts. */
  readonly size: number;
  readonly #first: bigint;

  /** Whether it is a range with a single address at least. */
  static holdsAddresses(cidr: string): boolean {
    const [address = '', length = ''] = cidr.split('/');
    return isIP(address) !== 0 && /^\d+$/.test(length) && Number(length) <= bitsOf(address) - 2;
  }

  /** Throws for what is no range, or one without a single address. */
  constructor(cidr: string) {
    if (!AddressRange.holdsAddresses(cidr))
      throw new Error(`"${cidr}" is not a range of addresses for services, such as 10.96.0.0/16`);
    const [address = '', length = ''] = cidr.split('/');
    const prefix = Number(length);
    const bits = bitsOf(address);
    this.family = familyOf(address);
    const hostBits = BigInt(bits - prefix);
    this.#first = ((numberOf(address) >> hostBits) << hostBits) + 1n;
    this.size = Math.min(maxSize, 2 ** Math.min(bits - prefix, 30) - (bits === 32 ? 2 : 1));
  }

  /** Undefined when the address is not one of the range. */
  offsetOf(address: string): number | undefined {
    if (isIP(address) === 0 || familyOf(address) !== this.family) return undefined;
    const offset = numberOf(address) - this.#first;
    return offset >= 0n && offset < BigInt(this.size) ? Number(offset) : undefined;
  }

  at(offset: number): string {
    const value = this.#first + BigInt(offset);
    return this.family === 'IPv4' ? formatIPv4(value) : formatIPv6(value);
  }
}

function bitsOf(address: string): number {
  return isIP(address) === 4 ? 32 : 128;
}

/** Of what is an address. */
export function familyOf(address: string): IPFamily {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

function numberOf(address: string): bigint {
  return BigInt(`0x${ipAddressBytes(address).toString('hex')}`);
}

function formatIPv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
}

/** Lower case, the longest run of zero groups left out (RFC 5952). */
function formatIPv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  const text = groups.join(':');
  const runs = text.match(/\b0(?::0)+\b/g) ?? [];
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '');
  if (longest === '') return text;
  const at = text.indexOf(longest);
  return `${text.slice(0, at).replace(/:$/, '')}::${text.slice(at + longest.length).replace(/^:/, '')}`;
}
