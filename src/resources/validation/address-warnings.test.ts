import { expect, test } from 'vitest';
import { cidrWarnings, ipWarnings } from './address-warnings.ts';

test.each([
  ['10.0.0.1', []],
  ['fd00::1', []],
  ['x', []],
  ['010.0.0.1', ['p: non-standard IP address "010.0.0.1" is invalid: use "10.0.0.1"']],
  ['::ffff:10.0.0.1', ['p: non-standard IP address "::ffff:10.0.0.1" is invalid: use "10.0.0.1"']],
  ['FD00::1', ['p: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")']],
])('an address: %s', (text, warnings) => {
  expect(ipWarnings('p', text)).toEqual(warnings);
});

test.each([
  ['10.0.0.0/8', []],
  ['fd00::/64', []],
  [
    '10.0.0.1/8',
    ['p: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)'],
  ],
  ['10.0.0.0/08', ['p: non-standard CIDR value "10.0.0.0/08" is invalid: use "10.0.0.0/8"']],
  ['FD00::/64', ['p: IPv6 CIDR value "FD00::/64" should be in RFC 5952 canonical format ("fd00::/64")']],
])('a range: %s', (text, warnings) => {
  expect(cidrWarnings('p', text)).toEqual(warnings);
});
