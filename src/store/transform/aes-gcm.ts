import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { ValueTransformer } from '../store.ts';

const nonceLength = 12;
const tagLength = 16;
/** First byte of every encrypted value; the second is the key's number. */
const marker = 0xe1;

/**
 * Encrypts values with AES-256-GCM; the store's key is authenticated along with the value. New values use the first key, values
 * under any of the keys can be read, and so can values from before encryption was switched on, for JSON never starts with the marker.
 */
export class AesGcmTransformer implements ValueTransformer {
  readonly #environment: Environment;
  readonly #keys: readonly { readonly id: number; readonly secret: Uint8Array }[];

  /** `secret`: 32 bytes each. `id`: 0 to 255, kept for as long as values under it exist. */
  constructor(environment: Environment, keys: readonly { readonly id: number; readonly secret: Uint8Array }[]) {
    for (const { id, secret } of keys) {
      if (secret.length !== 32) throw new Error(`encryption key ${id} has ${secret.length} bytes; it must have 32`);
    }
    if (keys.length === 0) throw new Error('encryption needs at least one key');
    this.#environment = environment;
    this.#keys = keys;
  }

  toStore(key: string, value: Uint8Array<ArrayBufferLike>): Uint8Array<ArrayBufferLike> {
    const [first] = this.#keys;
    if (first === undefined) throw new Error('encryption needs at least one key');
    const nonce = this.#environment.randomBytes(nonceLength);
    const cipher = createCipheriv('aes-256-gcm', first.secret, nonce).setAAD(Buffer.from(key));
    const sealed = [cipher.update(value), cipher.final()];
    return Buffer.concat([Uint8Array.of(marker, first.id), nonce, ...sealed, cipher.getAuthTag()]);
  }

  fromStore(key: string, value: Uint8Array<ArrayBufferLike>): Uint8Array<ArrayBufferLike> {
    if (value[0] !== marker) return value;
    const used = this.#keys.find(({ id }) => id === value[1]);
    if (used === undefined) throw new Error(`${key} is encrypted with key ${value[1]}, which was not given`);
    const decipher = createDecipheriv('aes-256-gcm', used.secret, value.subarray(2, 2 + nonceLength));
    decipher.setAAD(Buffer.from(key)).setAuthTag(value.subarray(value.length - tagLength));
    const sealed = value.subarray(2 + nonceLength, value.length - tagLength);
    try {
      return Buffer.concat([decipher.update(sealed), decipher.final()]);
    } catch (cause) {
      throw new Error(`${key} cannot be decrypted: it was changed, or the key is another one`, { cause });
    }
  }
}
