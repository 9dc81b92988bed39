import { RuntimeError, type RuntimeEvent } from '../runtime.ts';

/** A reader that falls this far behind loses its stream, and lists anew. */
const maxQueued = 10_000;

export interface EventContext {
  /**
   * Answers whether the event is to be told, when the time for it has come: CRI learns of an exit from the same events, and a reader who
   * asks for the status of a container that stopped must not be told that it runs. Meanwhile the events of other containers pass.
   */
  readonly settled: (event: RuntimeEvent) => Promise<boolean>;
  /**
   * What ended lately, some time after listening began. Nobody says when it has; and what ended just before may have been listed as
   * running, since CRI learns of it a little later.
   */
  readonly endedLately: () => Promise<readonly RuntimeEvent[]>;
}

/** Tells the events of a runtime when each is settled: those of one container in their order, others meanwhile. For one reader. */
export class EventOrder {
  readonly #context: EventContext;
  readonly #queue: RuntimeEvent[] = [];
  /** By container: the last of its events that waits. */
  readonly #held = new Map<string, Promise<void>>();
  /** What has been told to have stopped before we caught up; undefined afterwards. */
  #stopped: Set<string> | undefined = new Set();
  #wake = () => {};

  constructor(context: EventContext) {
    this.#context = context;
  }

  /** Ends and fails as the events do. */
  async *follow(events: AsyncIterable<RuntimeEvent>): AsyncIterable<RuntimeEvent> {
    let end: { readonly error?: unknown } | undefined;
    // When it fails, the events will, too.
    this.#catchUp().catch(() => {});
    this.#take(events)
      .then(
        () => ({}),
        (error: unknown) => ({ error }),
      )
      .then((result) => {
        end = result;
        this.#wake();
      });
    while (true) {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) yield next;
      if (end !== undefined) break;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if ('error' in end) throw end.error;
  }

  async #take(events: AsyncIterable<RuntimeEvent>): Promise<void> {
    for await (const event of events) {
      if (this.#queue.length + this.#held.size > maxQueued) {
        throw new RuntimeError('Unavailable', `more than ${maxQueued} events of the runtime wait to be read`);
      }
      this.#hold(event);
    }
  }

  async #catchUp(): Promise<void> {
    try {
      for (const event of await this.#context.endedLately()) {
        if (this.#stopped?.has(event.containerId) !== true) this.#hold(event);
      }
    } finally {
      this.#stopped = undefined;
    }
  }

  #hold(event: RuntimeEvent): void {
    const { containerId } = event;
    if (event.type === 'stopped') this.#stopped?.add(containerId);
    const before = this.#held.get(containerId) ?? Promise.resolve();
    const after = before
      .then(() => this.#context.settled(event))
      .catch(() => true)
      .then((told) => {
        if (this.#held.get(containerId) === after) this.#held.delete(containerId);
        if (!told) return;
        this.#queue.push(event);
        this.#wake();
      });
    this.#held.set(containerId, after);
  }
}
