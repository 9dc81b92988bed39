import { BlockList, isIP } from 'node:net';

const forbidden = new BlockList();
forbidden.addSubnet('127.0.0.0', 8, 'ipv4');
forbidden.addSubnet('169.254.0.0', 16, 'ipv4');
forbidden.addSubnet('224.0.0.0', 4, 'ipv4');
forbidden.addAddress('0.0.0.0', 'ipv4');
forbidden.addAddress('255.255.255.255', 'ipv4');
forbidden.addAddress('::', 'ipv6');
forbidden.addAddress('::1', 'ipv6');
forbidden.addSubnet('fe80::', 10, 'ipv6');
forbidden.addSubnet('ff00::', 8, 'ipv6');

/**
 * Whether the API server may be made to connect to an address on somebody's behalf: not to the machine itself, nor to what only
 * neighbours on its links should reach, such as a cloud's metadata service.
 */
export function isProxyableAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && !forbidden.check(address, family === 4 ? 'ipv4' : 'ipv6');
}
