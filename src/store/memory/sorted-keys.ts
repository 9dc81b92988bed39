/** A sorted set of keys. Sorting is put off until an ordered read needs it, so that a burst of creates costs one sort. */
export class SortedKeys {
  #sorted: string[] = [];
  readonly #added = new Set<string>();
  readonly #deleted = new Set<string>();

  add(key: string): void {
    if (!this.#deleted.delete(key)) this.#added.add(key);
  }

  delete(key: string): void {
    if (!this.#added.delete(key)) this.#deleted.add(key);
  }

  /** The keys with start <= key < end, in order. */
  between(start: string, end: string): readonly string[] {
    this.#settle();
    return this.#sorted.slice(this.#lowerBound(start), this.#lowerBound(end));
  }

  #settle(): void {
    if (this.#deleted.size > 0) {
      this.#sorted = this.#sorted.filter((key) => !this.#deleted.has(key));
      this.#deleted.clear();
    }
    if (this.#added.size === 0) return;
    if (this.#added.size < 8) {
      for (const key of this.#added) this.#sorted.splice(this.#lowerBound(key), 0, key);
    } else {
      this.#sorted.push(...this.#added);
      this.#sorted.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    }
    this.#added.clear();
  }

  #lowerBound(key: string): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle] ?? '') < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
