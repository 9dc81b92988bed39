import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { groupResource, type ResourceType } from '../../machinery/resource-type.ts';
import { isReason, StatusError } from '../../machinery/status-error.ts';
import { BackOff, type BackOffOptions } from '../back-off.ts';
import type { ListOptions, Reader, WatchEvent, Watcher } from '../client.ts';

/** What a reflector tells of. It waits for each call before it goes on. */
export interface ReflectorSink<T> {
  /** The whole state, after a list. */
  replace(objects: readonly T[]): Promise<void>;
  upsert(object: T): void;
  remove(object: T): void;
}

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: Reader & Watcher;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly type: ResourceType<T>;
  readonly selection: Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'>;
  /** Applied before anything is kept, so that a page of a list can be forgotten at once. */
  readonly projection?: ((object: T) => T) | undefined;
  /** Take the first state from a watch (KEP-3157) instead of a list; falls back to lists where the server refuses. */
  readonly streamInitialState: boolean;
  readonly backOff: BackOffOptions;
  readonly sink: ReflectorSink<T>;
}

const pageSize = 500;
const shortestHealthyWatchMs = 1_000;

/** Follows one resource: its whole state first, then every change; through errors, restarts and lost history. */
export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #backOff: BackOff;
  #streamInitialState: boolean;
  /** Where the next watch goes on; undefined: the state has to be fetched anew. */
  #resourceVersion: string | undefined;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#backOff = new BackOff(options.environment, options.backOff);
    this.#streamInitialState = options.streamInitialState;
  }

  /** Resolves when the signal is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { environment, logger, type } = this.#options;
    while (!signal.aborted) {
      try {
        if (this.#resourceVersion === undefined && !this.#streamInitialState) await this.#list(signal);
        if (await this.#watch(signal)) continue;
      } catch (error) {
        if (signal.aborted) return;
        this.#afterError(error);
        const level = this.#backOff.failures === 0 ? 'debug' : 'warn';
        logger[level]('list or watch failed, will retry', { resource: groupResource(type), err: error });
      }
      try {
        await environment.sleep(this.#backOff.next(), signal);
      } catch {
        return;
      }
    }
  }

  #afterError(error: unknown): void {
    const fetching = this.#resourceVersion === undefined;
    // A server without KEP-3157 refuses the parameter as invalid.
    if (fetching && this.#streamInitialState && (isReason(error, 'Invalid') || isReason(error, 'BadRequest'))) {
      this.#streamInitialState = false;
    }
    if (!historyIsGone(error)) return;
    // The server answers: what was waited for before is over.
    this.#resourceVersion = undefined;
    this.#backOff.reset();
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, type, selection, sink } = this.#options;
    let objects: T[] = [];
    let page = await client.list(type, { ...selection, limit: pageSize, signal });
    for (;;) {
      for (const object of page.items) objects.push(this.#project(object));
      const next = page.metadata.continue;
      if (next === undefined || next === '') break;
      try {
        page = await client.list(type, { ...selection, limit: pageSize, continue: next, signal });
      } catch (error) {
        // The snapshot that the token names has been compacted away: one list without pages is sure to be consistent.
        if (!historyIsGone(error)) throw error;
        objects = [];
        page = await client.list(type, { ...selection, signal });
      }
    }
    await sink.replace(objects);
    this.#resourceVersion = page.metadata.resourceVersion ?? '';
    this.#backOff.reset();
  }

  /** Whether the watch ended in good health, so that the next may begin at once. */
  async #watch(signal: AbortSignal): Promise<boolean> {
    const { client, type, selection, environment } = this.#options;
    const startedMs = environment.monotonic();
    const timeoutSeconds = Math.ceil(300 * (1 + environment.random()));
    // The server ends the watch in time; a connection that died without a word is noticed here.
    const deadline = environment.deadline((timeoutSeconds + 30) * 1000, signal);
    const from =
      this.#resourceVersion === undefined
        ? { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' as const }
        : { resourceVersion: this.#resourceVersion };
    const initial: Map<string, T> | undefined = this.#resourceVersion === undefined ? new Map() : undefined;
    try {
      const events = client.watch(type, {
        ...selection,
        ...from,
        allowWatchBookmarks: true,
        timeoutSeconds,
        signal: deadline.signal,
      });
      const received = await this.#follow(events, initial);
      return received || environment.monotonic() - startedMs >= shortestHealthyWatchMs;
    } finally {
      deadline.cancel();
    }
  }

  /** Whether anything came. `initial` collects the first state until its end is marked. */
  async #follow(events: AsyncIterable<WatchEvent<T>>, initial: Map<string, T> | undefined): Promise<boolean> {
    const { sink } = this.#options;
    let collecting = initial;
    let received = false;
    for await (const event of events) {
      received = true;
      this.#backOff.reset();
      if (event.type === 'BOOKMARK') {
        if (collecting !== undefined) {
          if (!event.initialEventsEnd) continue;
          await sink.replace([...collecting.values()]);
          collecting = undefined;
        }
        this.#resourceVersion = event.resourceVersion;
        continue;
      }
      const projected = this.#project(event.object);
      const { namespace, name, resourceVersion } = event.object.metadata;
      if (collecting !== undefined) {
        const key = `${namespace ?? ''}/${name ?? ''}`;
        if (event.type === 'DELETED') collecting.delete(key);
        else collecting.set(key, projected);
        continue;
      }
      if (event.type === 'DELETED') sink.remove(projected);
      else sink.upsert(projected);
      if (resourceVersion !== undefined) this.#resourceVersion = resourceVersion;
    }
    return received;
  }

  #project(object: T): T {
    const { projection } = this.#options;
    return projection === undefined ? object : projection(object);
  }
}

/** The server cannot continue from the revision asked for: it was compacted, or it lies in the future after a restore. */
function historyIsGone(error: unknown): boolean {
  if (!(error instanceof StatusError)) return false;
  if (error.reason === 'Expired' || error.reason === 'Gone' || error.code === 410) return true;
  if (error.reason === 'NotFound') return true;
  return error.status.details?.causes?.some((cause) => cause.reason === 'ResourceVersionTooLarge') ?? false;
}
