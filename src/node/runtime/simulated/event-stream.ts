import { RuntimeError, type RuntimeEvent } from '../runtime.ts';

/** Events that a listener has not taken yet; past this its stream ends with an error, and it lists anew. */
const maxPending = 10_000;

interface Listener {
  readonly pending: RuntimeEvent[];
  wake: (() => void) | undefined;
  failure: Error | undefined;
}

/** Hands every event to all who listen at that moment. */
export class EventStream {
  readonly #listeners = new Set<Listener>();

  emit(event: RuntimeEvent): void {
    for (const listener of this.#listeners) {
      if (listener.pending.length >= maxPending)
        listener.failure = new RuntimeError('Unavailable', `${maxPending} runtime events were not read`);
      else listener.pending.push(event);
      listener.wake?.();
    }
  }

  /** Ends every stream with an error, as a runtime that goes away does. */
  break(failure: Error): void {
    for (const listener of this.#listeners) {
      listener.failure = failure;
      listener.wake?.();
    }
  }

  /** Events from this moment on, also those that come before the first is asked for. */
  listen(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    const listener: Listener = { pending: [], wake: undefined, failure: undefined };
    if (!signal.aborted) {
      this.#listeners.add(listener);
      const end = () => {
        this.#listeners.delete(listener);
        listener.wake?.();
      };
      signal.addEventListener('abort', end, { once: true });
    }
    return this.#read(listener, signal);
  }

  async *#read(listener: Listener, signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
    try {
      while (!signal.aborted) {
        if (listener.failure !== undefined) throw listener.failure;
        const event = listener.pending.shift();
        if (event !== undefined) {
          yield event;
          continue;
        }
        await new Promise<void>((resolve) => {
          listener.wake = resolve;
        });
        listener.wake = undefined;
      }
    } finally {
      this.#listeners.delete(listener);
    }
  }
}
