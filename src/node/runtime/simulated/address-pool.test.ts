import { expect, test } from 'vitest';
import { AddressPool } from './address-pool.ts';

test('gives every address once, without network, gateway and broadcast', () => {
  const pool = new AddressPool('10.1.2.0/29');
  const all = Array.from({ length: 6 }, () => pool.take());
  expect(all).toEqual(['10.1.2.2', '10.1.2.3', '10.1.2.4', '10.1.2.5', '10.1.2.6', undefined]);
});

test('an address that was given back is not the next one given', () => {
  const pool = new AddressPool('10.1.2.0/29');
  const first = pool.take();
  pool.release(first ?? '');
  expect(pool.take()).toBe('10.1.2.3');
  for (let taken = 0; taken < 3; taken++) pool.take();
  expect(pool.take()).toBe(first);
});

test('takes the range from any address in it, and refuses what is none', () => {
  expect(new AddressPool('250.1.2.77/24').take()).toBe('250.1.2.2');
  for (const bad of ['10.0.0.0', '10.0.0/8', '10.0.0.0/31', '10.0.0.256/24', 'fd00::/64'])
    expect(() => new AddressPool(bad)).toThrow(RangeError);
});
