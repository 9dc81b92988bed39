import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { connectionPair } from './connection-pair.ts';

test('bytes go both ways, and each direction ends by itself', async () => {
  const [left, right] = connectionPair();
  left.end('question');
  let heard = '';
  for await (const chunk of right.iterator({ destroyOnReturn: false })) heard += chunk;
  expect(heard).toBe('question');
  right.end('answer');
  expect(await text(left)).toBe('answer');
});

test.each([undefined, new Error('broken')])('destroying one end (%s) destroys the other', async (error) => {
  const [left, right] = connectionPair();
  right.write('never read');
  left.destroy(error);
  await once(right, 'close');
  expect(right.destroyed).toBe(true);
});
