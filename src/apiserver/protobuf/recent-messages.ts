/**
 * Remembers messages by what they were made of, no more than so many bytes in all: they are kept in two generations, and when the younger one
 * is full the older one is forgotten. What they were made of is not kept alive.
 */
export class RecentMessages<K extends object> {
  readonly #generationBytes: number;
  #young = new WeakMap<K, Uint8Array>();
  #old = new WeakMap<K, Uint8Array>();
  #youngBytes = 0;

  constructor(capacityBytes: number) {
    this.#generationBytes = capacityBytes / 2;
  }

  get(key: K): Uint8Array | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    return old === undefined ? undefined : this.add(key, old);
  }

  /** Gives the message back. One that takes more than a quarter of the room is not kept. */
  add(key: K, message: Uint8Array): Uint8Array {
    if (message.length > this.#generationBytes / 2) return message;
    if (this.#youngBytes + message.length > this.#generationBytes) {
      this.#old = this.#young;
      this.#young = new WeakMap();
      this.#youngBytes = 0;
    }
    this.#young.set(key, message);
    this.#youngBytes += message.length;
    return message;
  }
}
