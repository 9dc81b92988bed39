import { expect, test } from 'vitest';
import { RecentMessages } from './recent-messages.ts';

test('what is asked for stays, what is not is forgotten once there is no room', () => {
  const recent = new RecentMessages<{ readonly name: string }>(1000);
  const keys = Array.from({ length: 12 }, (_, index) => ({ name: `k${index}` }));
  const [wanted, forgotten] = keys;
  if (wanted === undefined || forgotten === undefined) throw new Error('no keys');
  for (const key of keys) {
    recent.add(key, new Uint8Array(100));
    expect(recent.get(wanted)).toHaveLength(100);
  }
  expect(recent.get(forgotten)).toBeUndefined();
});

test('one that is too large is given back and not kept', () => {
  const recent = new RecentMessages<object>(1000);
  const key = {};
  expect(recent.add(key, new Uint8Array(300))).toHaveLength(300);
  expect(recent.get(key)).toBeUndefined();
});
