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
