/** A range of IPv4 addresses, as two unsigned 32-bit numbers. */
export interface Ipv4Range {
  readonly first: number;
  /** Length of the prefix, 0 to 32. */
  readonly prefix: number;
}

/** `10.0.0.1` as a number; undefined when it is not an IPv4 address. */
export function parseIpv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  let value = 0;
  for (const part of match.slice(1)) {
    if (Number(part) > 255 || (part.length > 1 && part.startsWith('0'))) return undefined;
    value = value * 256 + Number(part);
  }
  return value;
}

function formatIpv4(value: number): string {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.');
}

/** `10.0.0.0/16`; throws for anything else. Bits behind the prefix are dropped. */
export function parseRange(text: string): Ipv4Range {
  const [address = '', length = ''] = text.split('/');
  const value = parseIpv4(address);
  const prefix = Number(length);
  if (value === undefined || !/^\d{1,2}$/.test(length) || prefix > 32) {
    throw new Error(`"${text}" is not an IPv4 range such as 10.244.0.0/16`);
  }
  return { first: prefix === 0 ? 0 : (value & (-1 << (32 - prefix))) >>> 0, prefix };
}

export function formatRange(range: Ipv4Range): string {
  return `${formatIpv4(range.first)}/${range.prefix}`;
}

export function rangesOverlap(a: Ipv4Range, b: Ipv4Range): boolean {
  const prefix = Math.min(a.prefix, b.prefix);
  return prefix === 0 || (a.first ^ b.first) >>> (32 - prefix) === 0;
}

/** The address at an offset from the start of a range. */
export function addressAt(range: Ipv4Range, offset: number): string {
  return formatIpv4(range.first + offset);
}

/** One of the equal parts of a range: `subrange(10.244.0.0/16, 24, 3)` is 10.244.3.0/24. */
export function subrange(range: Ipv4Range, prefix: number, index: number): Ipv4Range {
  return { first: range.first + index * 2 ** (32 - prefix), prefix };
}
