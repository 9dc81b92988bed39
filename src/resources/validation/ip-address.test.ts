import { expect, test } from 'vitest';
import type { FieldError } from '../../machinery/field-error.ts';
import { formatIpAddress, hasHostBits, parseCidr, parseIpAddress, validateCidr } from './ip-address.ts';

test.each([
  ['1.2.3.4', '1.2.3.4'],
  ['001.2.3.4', '1.2.3.4'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['2001:DB8:0:0:8:800:200C:417A', '2001:db8::8:800:200c:417a'],
  ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
  ['0:0:1:1:0:0:1:1', '::1:1:0:0:1:1'],
  ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
  ['::ffff:1.2.3.4', '1.2.3.4'],
])('%s is %s', (text, canonical) => {
  const address = parseIpAddress(text);
  expect(address && formatIpAddress(address)).toBe(canonical);
});

test.each([
  '',
  '1.2.3',
  '1.2.3.256',
  '1.2.3.4.5',
  'a.b.c.d',
  '1.2.3.-4',
  ':',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  'g::',
  '1:2:3:4:5:6:7:8:9',
  '12345::',
  'fe80::1%eth0',
  '1.2.3.4::',
])('%s is no address', (text) => {
  expect(parseIpAddress(text)).toBeUndefined();
});

test('ranges', () => {
  expect(parseCidr('10.0.0.0/8')?.prefixLength).toBe(8);
  expect(parseCidr('10.0.0.0/33')).toBeUndefined();
  expect(parseCidr('10.0.0.0')).toBeUndefined();
  expect(parseCidr('10.0.0.0/')).toBeUndefined();
  expect(parseCidr('fd00::/129')).toBeUndefined();
  expect(parseCidr('::ffff:10.0.0.0/104')?.prefixLength).toBe(8);
  const hostBits = (text: string) => {
    const cidr = parseCidr(text);
    return cidr && hasHostBits(cidr);
  };
  expect(hostBits('10.0.0.1/8')).toBe(true);
  expect(hostBits('10.128.0.0/9')).toBe(false);
  expect(hostBits('10.128.0.0/8')).toBe(true);
  expect(hostBits('1.2.3.4/32')).toBe(false);
  expect(hostBits('0.0.0.0/0')).toBe(false);
});

test.each([
  ['x', 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
  ['010.0.0.0/8', 'must not have leading 0s in IP or prefix length'],
  ['::ffff:10.0.0.0/104', 'must not have an IPv4-mapped IPv6 address'],
  ['10.0.0.1/8', 'must not have bits set beyond the prefix length'],
])('%s is refused: %s', (text, detail) => {
  const errors: FieldError[] = [];
  validateCidr(text, 'a', errors);
  expect(errors.map((error) => error.detail)).toEqual([detail]);
});
