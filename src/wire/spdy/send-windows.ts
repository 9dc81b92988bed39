const maximumWindow = 0x7fff_ffff;

/** How much may still be sent on each stream and on the connection as a whole (SPDY/3.1, 2.6.8). */
export class SendWindows {
  static readonly initialBytes = 64 * 1024;
  #initial = SendWindows.initialBytes;
  #connection = SendWindows.initialBytes;
  readonly #streams = new Map<number, number>();
  #waiting: ((error?: Error) => void)[] = [];

  available(streamId: number): number {
    return Math.max(0, Math.min(this.#connection, this.#streams.get(streamId) ?? this.#initial));
  }

  use(streamId: number, length: number): void {
    this.#connection -= length;
    this.#streams.set(streamId, (this.#streams.get(streamId) ?? this.#initial) - length);
  }

  /** Called once when a window has grown, or with an error when none ever will. */
  wait(callback: (error?: Error) => void): void {
    this.#waiting.push(callback);
  }

  /** Stream 0 is the connection. False when the window would overflow. */
  update(streamId: number, delta: number): boolean {
    if (streamId === 0) {
      if (this.#connection + delta > maximumWindow) return false;
      this.#connection += delta;
    } else {
      const window = (this.#streams.get(streamId) ?? this.#initial) + delta;
      if (window > maximumWindow) return false;
      this.#streams.set(streamId, window);
    }
    this.#wake();
    return true;
  }

  /** Changes the window of every stream, which may make some of them negative. */
  setInitial(bytes: number): void {
    const difference = bytes - this.#initial;
    this.#initial = bytes;
    for (const [id, window] of this.#streams) this.#streams.set(id, window + difference);
    this.#wake();
  }

  forget(streamId: number): void {
    this.#streams.delete(streamId);
  }

  fail(error: Error): void {
    for (const callback of this.#waiting.splice(0)) callback(error);
  }

  #wake(): void {
    for (const callback of this.#waiting.splice(0)) callback();
  }
}
