import type { WriteReservation } from '../registry/extension-points.ts';
import type { OffsetPool } from './offset-pool.ts';

/** What one write takes from pools and gives back: all of it, or nothing. */
export class Allocation implements WriteReservation {
  readonly dryRun: boolean;
  readonly #taken: (readonly [OffsetPool, number])[] = [];
  readonly #released: (readonly [OffsetPool, number])[] = [];

  constructor(dryRun: boolean) {
    this.dryRun = dryRun;
  }

  /** False when it is taken already. */
  take(pool: OffsetPool, offset: number): boolean {
    if (!pool.allocate(offset)) return false;
    this.#taken.push([pool, offset]);
    return true;
  }

  /** Undefined when the pool is empty. */
  takeNext(pool: OffsetPool, mayTake?: (offset: number) => boolean): number | undefined {
    const offset = pool.allocateNext(mayTake);
    if (offset !== undefined) this.#taken.push([pool, offset]);
    return offset;
  }

  /** Given back when the write has succeeded. */
  releaseLater(pool: OffsetPool, offset: number): void {
    this.#released.push([pool, offset]);
  }

  commit(): void {
    if (this.dryRun) this.rollback();
    else for (const [pool, offset] of this.#released) pool.release(offset);
  }

  rollback(): void {
    for (const [pool, offset] of this.#taken) pool.release(offset);
  }
}
