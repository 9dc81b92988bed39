import type { Environment } from '../../machinery/environment/environment.ts';

/** Numbers from 0 up that are given out one by one, by choice or at random. */
export class OffsetPool {
  readonly size: number;
  /** Below this, numbers are left to those who choose, as long as there are others. */
  readonly #reserved: number;
  readonly #environment: Pick<Environment, 'random'>;
  readonly #used = new Set<number>();

  constructor(size: number, reserved: number, environment: Pick<Environment, 'random'>) {
    this.size = size;
    this.#reserved = reserved;
    this.#environment = environment;
  }

  /** False when it is taken already. */
  allocate(offset: number): boolean {
    if (this.#used.has(offset)) return false;
    this.#used.add(offset);
    return true;
  }

  /** Undefined when all are taken. `mayTake`: whether one that is free here may be given out. */
  allocateNext(mayTake: (offset: number) => boolean = () => true): number | undefined {
    const offset = this.#freeIn(this.#reserved, this.size, mayTake) ?? this.#freeIn(0, this.#reserved, mayTake);
    if (offset !== undefined) this.#used.add(offset);
    return offset;
  }

  release(offset: number): void {
    this.#used.delete(offset);
  }

  has(offset: number): boolean {
    return this.#used.has(offset);
  }

  get used(): ReadonlySet<number> {
    return this.#used;
  }

  /** The first that is free from a random start on, so that numbers are not used again soon. */
  #freeIn(low: number, high: number, mayTake: (offset: number) => boolean): number | undefined {
    const count = high - low;
    if (count <= 0 || this.#used.size >= this.size) return undefined;
    const start = Math.floor(this.#environment.random() * count);
    for (let step = 0; step < count; step++) {
      const offset = low + ((start + step) % count);
      if (!this.#used.has(offset) && mayTake(offset)) return offset;
    }
    return undefined;
  }
}
