import type { Store } from '../../src/store/store.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function bytes(value: string): Uint8Array {
  return encoder.encode(value);
}

export function text(value: Uint8Array<ArrayBufferLike> | undefined): string | undefined {
  return value === undefined ? undefined : decoder.decode(value);
}

/** Writes one key whatever it holds, and answers the revision. */
export async function put(store: Store, key: string, value: string): Promise<number> {
  const { revision } = await store.commit({ compare: [], operations: [{ type: 'put', key, value: bytes(value) }] });
  return revision;
}
