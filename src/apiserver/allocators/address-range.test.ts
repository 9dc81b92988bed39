import { expect, test } from 'vitest';
import { AddressRange } from './address-range.ts';

test.each(['', '10.0.0.0', '10.0.0.0/31', '10.0.0.0/x', 'fd00::/128'])('%j is no range', (cidr) => {
  expect(() => new AddressRange(cidr)).toThrow('is not a range of addresses for services');
});

test.each([
  ['10.96.0.0/12', 2 ** 20 - 2, '10.96.0.1', '10.96.1.1'],
  ['10.97.3.7/24', 254, '10.97.3.1', undefined],
  ['fd00:1::/112', 2 ** 16 - 1, 'fd00:1::1', 'fd00:1::101'],
  ['2001:db8:1:2:3:4:5:0/120', 255, '2001:db8:1:2:3:4:5:1', undefined],
])('%s has %i addresses from %s', (cidr, size, first, later) => {
  const range = new AddressRange(cidr);
  expect(range.size).toBe(size);
  expect(range.at(0)).toBe(first);
  if (later !== undefined) expect(range.at(256)).toBe(later);
  expect(range.offsetOf(range.at(7))).toBe(7);
  expect(range.offsetOf(range.at(size))).toBeUndefined();
});
