import type { FieldError } from '../../machinery/field-error.ts';
import { invalid } from '../../machinery/field-errors.ts';
import { quote } from '../../machinery/go-text.ts';

export interface IpAddress {
  readonly family: 4 | 6;
  /** 4 or 16 of them. An IPv4-mapped IPv6 address is of family 4. */
  readonly bytes: readonly number[];
  /** Written as IPv6 (`::ffff:1.2.3.4`). */
  readonly mapped: boolean;
  /** `010.0.0.1`: read as decimal, refused in new objects. */
  readonly leadingZeros: boolean;
}

export interface Cidr {
  readonly address: IpAddress;
  readonly prefixLength: number;
  /** In the address or in the length: refused in new objects. */
  readonly leadingZeros: boolean;
}

/** Reads an IPv4 or IPv6 address, leading zeros in IPv4 allowed; undefined when it is none. */
export function parseIpAddress(text: string): IpAddress | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): IpAddress | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes: number[] = [];
  let leadingZeros = false;
  for (const part of parts) {
    if (!/^[0-9]+$/.test(part)) return undefined;
    const value = Number(part);
    if (value > 255) return undefined;
    if (part.length > 1 && part.startsWith('0')) leadingZeros = true;
    bytes.push(value);
  }
  return { family: 4, bytes, mapped: false, leadingZeros };
}

function parseIpv6(text: string): IpAddress | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : { bytes: [], leadingZeros: false };
  if (head === undefined || tail === undefined) return undefined;
  const known = head.bytes.length + tail.bytes.length;
  if (halves.length === 2 ? known > 14 : known !== 16) return undefined;
  const bytes = [...head.bytes, ...new Array<number>(16 - known).fill(0), ...tail.bytes];
  const leadingZeros = head.leadingZeros || tail.leadingZeros;
  const mapped = bytes.every((byte, at) => at >= 12 || byte === (at >= 10 ? 0xff : 0));
  return mapped
    ? { family: 4, bytes: bytes.slice(12), mapped, leadingZeros }
    : { family: 6, bytes, mapped, leadingZeros };
}

/** Groups of hexadecimal digits between colons, the last of which may be an IPv4 address. */
function parseGroups(text: string, mayEndInIpv4: boolean): { bytes: number[]; leadingZeros: boolean } | undefined {
  const bytes: number[] = [];
  let leadingZeros = false;
  if (text === '') return { bytes, leadingZeros };
  const groups = text.split(':');
  for (const [at, group] of groups.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
      continue;
    }
    const ipv4 = mayEndInIpv4 && at === groups.length - 1 ? parseIpv4(group) : undefined;
    if (ipv4 === undefined) return undefined;
    bytes.push(...ipv4.bytes);
    leadingZeros = ipv4.leadingZeros;
  }
  return { bytes, leadingZeros };
}

/** The canonical text of an address (RFC 5952). */
export function formatIpAddress(address: Pick<IpAddress, 'family' | 'bytes'>): string {
  if (address.family === 4) return address.bytes.join('.');
  const groups: number[] = [];
  for (let at = 0; at < 16; at += 2) groups.push(((address.bytes[at] ?? 0) << 8) | (address.bytes[at + 1] ?? 0));
  const [start, length] = longestZeroRun(groups);
  const texts = groups.map((group) => group.toString(16));
  if (length < 2) return texts.join(':');
  return `${texts.slice(0, start).join(':')}::${texts.slice(start + length).join(':')}`;
}

function longestZeroRun(groups: readonly number[]): readonly [start: number, length: number] {
  let best: readonly [number, number] = [0, 0];
  let start = 0;
  for (let at = 0; at <= groups.length; at++) {
    if (at < groups.length && groups[at] === 0) continue;
    if (at - start > best[1]) best = [start, at - start];
    start = at + 1;
  }
  return best;
}

/** Reads `10.0.0.0/8`; undefined when it is no such thing. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.lastIndexOf('/');
  const address = slash < 0 ? undefined : parseIpAddress(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (address === undefined || !/^[0-9]{1,3}$/.test(length)) return undefined;
  const prefixLength = Number(length) - (address.mapped ? 96 : 0);
  const valid = prefixLength >= 0 && prefixLength <= address.bytes.length * 8;
  return valid ? { address, prefixLength, leadingZeros: address.leadingZeros || /^0\d/.test(length) } : undefined;
}

/** Whether the address has bits set beyond the prefix length. */
export function hasHostBits({ address, prefixLength }: Cidr): boolean {
  return address.bytes.some((byte, at) => (byte & hostMask(prefixLength, at)) !== 0);
}

/** The bits of a byte of an address that are beyond the prefix length. */
function hostMask(prefixLength: number, at: number): number {
  return 0xff >> Math.min(8, Math.max(0, prefixLength - at * 8));
}

/** The canonical text of a range: without bits beyond the prefix length. */
export function formatCidr({ address: { family, bytes }, prefixLength }: Cidr): string {
  const network = bytes.map((byte, at) => byte & ~hostMask(prefixLength, at));
  return `${formatIpAddress({ family, bytes: network })}/${prefixLength}`;
}

/** Whether a range contains an address, or another range. */
export function cidrContains(outer: Cidr, inner: IpAddress | Cidr): boolean {
  const { address, prefixLength } = 'address' in inner ? inner : { address: inner, prefixLength: outer.prefixLength };
  if (address.family !== outer.address.family || prefixLength < outer.prefixLength) return false;
  return address.bytes.every(
    (byte, at) => ((byte ^ (outer.address.bytes[at] ?? 0)) & ~hostMask(outer.prefixLength, at)) === 0,
  );
}

/** Whether an address is that of its network, or in IPv4 that of broadcasts: no machine of a network has these. */
export function isNetworkOrBroadcast({ family, bytes }: IpAddress, prefixLength: number): boolean {
  const hosts = (same: (bits: number, mask: number) => boolean) =>
    bytes.every((byte, at) => same(byte & hostMask(prefixLength, at), hostMask(prefixLength, at)));
  return hosts((bits) => bits === 0) || (family === 4 && hosts((bits, mask) => bits === mask));
}

/** An address in a field that once took any spelling: no leading zeros and no IPv4-mapped IPv6 any more. */
export function validateIpAddress(value: string, path: string, errors: FieldError[]): IpAddress | undefined {
  const address = parseIpAddress(value);
  if (address === undefined) {
    errors.push(invalid(path, value, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'));
    return undefined;
  }
  if (address.leadingZeros) errors.push(invalid(path, value, 'must not have leading 0s'));
  else if (address.mapped) errors.push(invalid(path, value, 'must not be an IPv4-mapped IPv6 address'));
  else return address;
  return undefined;
}

/** An address in a field that wants the canonical spelling. */
export function validateCanonicalIpAddress(value: string, path: string, errors: FieldError[]): IpAddress | undefined {
  const address = validateIpAddress(value, path, errors);
  if (address === undefined) return undefined;
  const canonical = formatIpAddress(address);
  if (canonical === value) return address;
  errors.push(invalid(path, value, `must be in canonical form (${quote(canonical)})`));
  return undefined;
}

/** A range in a field that once took any spelling. */
export function validateCidr(value: string, path: string, errors: FieldError[]): Cidr | undefined {
  const cidr = parseCidr(value);
  if (cidr === undefined) {
    errors.push(invalid(path, value, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'));
    return undefined;
  }
  if (cidr.leadingZeros) errors.push(invalid(path, value, 'must not have leading 0s in IP or prefix length'));
  else if (cidr.address.mapped) errors.push(invalid(path, value, 'must not have an IPv4-mapped IPv6 address'));
  else if (hasHostBits(cidr)) errors.push(invalid(path, value, 'must not have bits set beyond the prefix length'));
  else return cidr;
  return undefined;
}

/** A range in a field that wants the canonical spelling. */
export function validateCanonicalCidr(value: string, path: string, errors: FieldError[]): void {
  const cidr = validateCidr(value, path, errors);
  if (cidr === undefined) return;
  const canonical = formatCidr(cidr);
  if (canonical !== value) errors.push(invalid(path, value, `must be in canonical form (${quote(canonical)})`));
}

/** Addresses that cannot be an endpoint: unspecified, loopback, link-local. Silent about what is no address. */
export function validateNonSpecialIpAddress(value: string, path: string, errors: FieldError[]): void {
  const address = parseIpAddress(value);
  if (address === undefined) {
    errors.push(invalid(path, value, 'must be a valid IP address'));
    return;
  }
  const { family, bytes } = address;
  const [first = 0, second = 0, third = 0] = bytes;
  const allButLastZero = bytes.slice(0, -1).every((byte) => byte === 0);
  if (allButLastZero && bytes.at(-1) === 0) errors.push(invalid(path, value, `may not be unspecified (${value})`));
  if (family === 4 ? first === 127 : allButLastZero && bytes.at(-1) === 1)
    errors.push(invalid(path, value, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'));
  if (family === 4 ? first === 169 && second === 254 : first === 0xfe && (second & 0xc0) === 0x80)
    errors.push(invalid(path, value, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'));
  if (family === 4 ? first === 224 && second === 0 && third === 0 : first === 0xff && (second & 0x0f) === 2)
    errors.push(invalid(path, value, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'));
}
