import { isIP } from 'node:net';

/** The 4 or 16 bytes of an address. Throws when the text is none. */
export function ipAddressBytes(address: string): Buffer {
  switch (isIP(address)) {
    case 4:
      return Buffer.from(address.split('.').map(Number));
    case 6:
      return ipv6Bytes(address);
    default:
      throw new Error(`"${address}" is not an IP address`);
  }
}

/** The text of an address of 4 or 16 bytes, an IPv6 one shortened as RFC 5952 has it. Throws for other lengths. */
export function ipAddressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) throw new Error(`x509: cannot parse IP address of length ${bytes.length}`);
  const groups = Array.from({ length: 8 }, (_, index) => {
    const [high = 0, low = 0] = bytes.subarray(2 * index);
    return ((high << 8) | low).toString(16);
  });
  // The URL parser knows the rules for leaving out zeros.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

function ipv6Bytes(address: string): Buffer {
  const [head = '', tail] = address.replace(/%.*$/, '').split('::');
  const before = groupBytes(head);
  if (tail === undefined) return Buffer.from(before);
  const after = groupBytes(tail);
  return Buffer.from([...before, ...new Array<number>(16 - before.length - after.length).fill(0), ...after]);
}

/** Groups of four hexadecimal digits; the last may be a dotted IPv4 address. */
function groupBytes(text: string): readonly number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
