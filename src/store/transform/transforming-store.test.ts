import { expect, test } from 'vitest';
import { storeSuite } from '../../../test/suites/store.ts';
import { bytes, put, text } from '../../../test/suites/store-values.ts';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import { MemoryStore } from '../memory/memory-store.ts';
import { AesGcmTransformer } from './aes-gcm.ts';
import { TransformingStore } from './transforming-store.ts';

const environment = new VirtualEnvironment(1);
const secret = (fill: number) => new Uint8Array(32).fill(fill);

storeSuite('TransformingStore with AES-GCM', async () => {
  const inner = new MemoryStore({ environment });
  const store = new TransformingStore(inner, new AesGcmTransformer(environment, [{ id: 1, secret: secret(7) }]));
  return { store, advance: (durationMs) => environment.advance(durationMs), dispose: () => store.close() };
});

test('nothing below sees plain text, and ciphertext cannot be moved to another key', async () => {
  const inner = new MemoryStore({ environment });
  const store = new TransformingStore(inner, new AesGcmTransformer(environment, [{ id: 1, secret: secret(7) }]));
  await put(store, '/secret', 'hunter2');
  const stored = (await inner.get('/secret')).entry?.value ?? bytes('');
  expect(text(stored)).not.toContain('hunter2');
  await inner.commit({ compare: [], operations: [{ type: 'put', key: '/moved', value: stored }] });
  await expect(store.get('/moved')).rejects.toThrow(/cannot be decrypted/);
});

test('older keys and plain values stay readable after a rotation', async () => {
  const inner = new MemoryStore({ environment });
  await put(inner, '/plain', '{"a":1}');
  const old = { id: 1, secret: secret(7) };
  await put(new TransformingStore(inner, new AesGcmTransformer(environment, [old])), '/old', 'x');
  const rotated = new TransformingStore(inner, new AesGcmTransformer(environment, [{ id: 2, secret: secret(8) }, old]));
  expect(text((await rotated.get('/old')).entry?.value)).toBe('x');
  expect(text((await rotated.get('/plain')).entry?.value)).toBe('{"a":1}');
  const without = new TransformingStore(inner, new AesGcmTransformer(environment, [{ id: 2, secret: secret(8) }]));
  await expect(without.get('/old')).rejects.toThrow(/key 1, which was not given/);
});
