import { expect, test } from 'vitest';
import { clientsIn } from './remembered-clients.ts';

test('clients come back with the time that they have left', () => {
  const elem = [
    { elem: { val: '10.0.0.1', timeout: 60, expires: 42 } },
    { elem: { val: '10.0.0.2', timeout: 60, expires: 0 } },
    { elem: { val: '10.0.0.3', expires: 7 } },
    { elem: { val: { prefix: { addr: '10.0.0.0', len: 24 } }, timeout: 60, expires: 1 } },
  ];
  const listed = { nftables: [{ metainfo: {} }, { set: { name: 'clients', timeout: 90, elem } }] };
  expect(clientsIn(JSON.stringify(listed))).toEqual([
    '10.0.0.1 timeout 60s expires 42s',
    '10.0.0.3 timeout 90s expires 7s',
  ]);
  expect(clientsIn('{"nftables": [{"set": {"name": "clients"}}]}')).toEqual([]);
});
