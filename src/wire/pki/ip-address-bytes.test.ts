import { expect, test } from 'vitest';
import { ipAddressBytes } from './ip-address-bytes.ts';

test.each([
  ['10.96.0.1', '0a600001'],
  ['::1', '00000000000000000000000000000001'],
  ['::', '00000000000000000000000000000000'],
  ['fd00:10:96::a', 'fd00001000960000000000000000000a'],
  ['2001:db8:1:2:3:4:5:6', '20010db8000100020003000400050006'],
  ['::ffff:10.0.0.1', '00000000000000000000ffff0a000001'],
  ['fe80::1%eth0', 'fe800000000000000000000000000001'],
])('%s', (address, hex) => {
  expect(ipAddressBytes(address).toString('hex')).toBe(hex);
});

test('what is no address is refused', () => {
  expect(() => ipAddressBytes('10.0.0.256')).toThrow('"10.0.0.256" is not an IP address');
});
