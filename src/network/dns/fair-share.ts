/**
 * Room for so many things under way at once, shared by clients. None may have more under way than is still free: one alone gets half of
 * the room, n of them the same part each, and there is always some left for who comes next.
 */
export class FairShare {
  readonly #room: number;
  /** Of clients that have anything under way. */
  readonly #counts = new Map<string, number>();
  #total = 0;

  constructor(room: number) {
    this.#room = room;
  }

  /** Does what is asked for, or answers undefined when the client has as much under way as it may. */
  async run<Result>(client: string, work: () => Promise<Result>): Promise<Result | undefined> {
    const own = this.#counts.get(client) ?? 0;
    if (own >= this.#room - this.#total) return undefined;
    this.#add(client, 1);
    try {
      return await work();
    } finally {
      this.#add(client, -1);
    }
  }

  #add(client: string, change: 1 | -1): void {
    const count = (this.#counts.get(client) ?? 0) + change;
    this.#total += change;
    if (count === 0) this.#counts.delete(client);
    else this.#counts.set(client, count);
  }
}
