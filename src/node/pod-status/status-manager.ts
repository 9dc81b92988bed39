import type { Client } from '../../client/client.ts';
import type { Environment, Timer } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import { isOlderVersion } from '../../machinery/resource-version.ts';
import { isReason } from '../../machinery/status-error.ts';
import type { Pod, PodStatus } from '../../resources/schema/core-v1.generated.ts';
import { pods } from '../../resources/schema/resource-types.generated.ts';
import { statusPatch } from './status-patch.ts';

export interface StatusManagerOptions {
  readonly client: Pick<Client, 'patch' | 'delete'>;
  readonly environment: Environment;
  readonly logger: Logger;
  /** How many pods are written at a time. */
  readonly concurrency: number;
  /** The API has a status: so long after it was first decided. */
  onWritten(afterMs: number): void;
}

interface Entry {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** The newest status as it was decided here. */
  wanted: PodStatus;
  /** Since when it differs from what is written; monotonic. */
  changedAt: number | undefined;
  /** What the API is known to have. */
  written: PodStatus;
  /** The resourceVersion of `written`; later news of it from the API wins. */
  version: string | undefined;
  /** Nothing of the pod is left on this node: its object may go, once the status is written and if it is to be deleted. */
  finished: boolean;
  deleting: boolean;
  sending: boolean;
  queued: boolean;
  failures: number;
  retry: Timer | undefined;
}

const firstRetryMs = 1000;
const longestRetryMs = 30_000;

/**
 * Brings the statuses of this node's pods to the API: the newest of each, a few pods at a time, again until it is written. While the
 * server is gone nothing piles up but one status per pod.
 */
export class StatusManager {
  readonly #options: StatusManagerOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #queue: Entry[] = [];
  readonly #stop = new AbortController();
  #sending = 0;
  #pumping: Promise<void> | undefined;

  constructor(options: StatusManagerOptions) {
    this.#options = options;
  }

  /** The newest status of a pod; undefined when none was set. */
  get(uid: string): PodStatus | undefined {
    return this.#entries.get(uid)?.wanted;
  }

  set(pod: Pod, status: PodStatus): void {
    const entry = this.#entry(pod);
    entry.wanted = status;
    entry.changedAt ??= this.#options.environment.monotonic();
    this.#enqueue(entry);
  }

  /** What the API has of the pod, as a watch tells. */
  observe(pod: Pod): void {
    const entry = this.#entries.get(pod.metadata.uid ?? '');
    if (entry === undefined) return;
    entry.deleting = pod.metadata.deletionTimestamp != null;
    if (entry.sending || isOlderVersion(pod.metadata.resourceVersion, entry.version)) return;
    entry.written = pod.status ?? {};
    entry.version = pod.metadata.resourceVersion;
    this.#enqueue(entry);
  }

  /** Nothing of the pod is left here: when it is being deleted, its object is removed. */
  finish(pod: Pod): void {
    const entry = this.#entry(pod);
    entry.finished = true;
    this.#enqueue(entry);
  }

  /** The object is gone. */
  forget(uid: string): void {
    this.#entries.get(uid)?.retry?.cancel();
    this.#entries.delete(uid);
  }

  /** What is not written stays unwritten: the next agent decides it anew from the runtime. */
  stop(): void {
    this.#stop.abort(new DOMException('the status manager was stopped', 'AbortError'));
    for (const entry of this.#entries.values()) entry.retry?.cancel();
    this.#queue.length = 0;
  }

  #entry(pod: Pod): Entry {
    const { uid = '', namespace = '', name = '', resourceVersion, deletionTimestamp } = pod.metadata;
    let entry = this.#entries.get(uid);
    if (entry === undefined) {
      const status = pod.status ?? {};
      entry = {
        uid,
        namespace,
        name,
        wanted: status,
        changedAt: undefined,
        written: status,
        version: resourceVersion,
        finished: false,
        deleting: false,
        sending: false,
        queued: false,
        failures: 0,
        retry: undefined,
      };
      this.#entries.set(uid, entry);
    }
    entry.deleting ||= deletionTimestamp != null;
    return entry;
  }

  #enqueue(entry: Entry): void {
    if (entry.queued || entry.sending || entry.retry !== undefined || this.#stop.signal.aborted) return;
    if (!this.#isDirty(entry)) {
      entry.changedAt = undefined;
      return;
    }
    entry.queued = true;
    this.#queue.push(entry);
    // What is decided in the same turn is written at once, as one.
    this.#pumping ??= this.#options.environment.turn().then(() => {
      this.#pumping = undefined;
      this.#pump();
    });
  }

  #isDirty(entry: Entry): boolean {
    return (entry.finished && entry.deleting) || statusPatch(entry.written, entry.wanted) !== undefined;
  }

  #pump(): void {
    while (this.#sending < this.#options.concurrency) {
      const entry = this.#queue.shift();
      if (entry === undefined) return;
      entry.queued = false;
      entry.sending = true;
      this.#sending++;
      void this.#send(entry).finally(() => {
        entry.sending = false;
        this.#sending--;
        if (this.#entries.get(entry.uid) === entry) this.#enqueue(entry);
        this.#pump();
      });
    }
  }

  async #send(entry: Entry): Promise<void> {
    const { logger } = this.#options;
    const { changedAt } = entry;
    // What changes while it is written is another change.
    entry.changedAt = undefined;
    try {
      const written = await this.#write(entry, changedAt);
      if (written && entry.finished && entry.deleting) await this.#delete(entry);
      entry.failures = 0;
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      if (isGone(error)) {
        this.forget(entry.uid);
        return;
      }
      entry.changedAt = changedAt;
      this.#retryLater(entry);
      logger.warn('the status of a pod could not be written', { pod: `${entry.namespace}/${entry.name}`, err: error });
    }
  }

  /** Whether the newest status is in the API now. */
  async #write(entry: Entry, changedAt: number | undefined): Promise<boolean> {
    const { uid, namespace, name, wanted } = entry;
    const status = statusPatch(entry.written, wanted);
    if (status === undefined) return true;
    const body = { metadata: { uid }, status };
    const pod = await this.#options.client.patch(
      pods,
      { namespace, name },
      { type: 'strategic', body },
      { subresource: 'status', signal: this.#stop.signal },
    );
    const now = this.#options.environment.monotonic();
    this.#options.onWritten(now - (changedAt ?? now));
    entry.version = pod.metadata.resourceVersion;
    entry.written = pod.status ?? {};
    // Where the server keeps something else than what was asked for, asking again would never end.
    if (statusPatch(entry.written, wanted) !== undefined) {
      this.#options.logger.debug('the server keeps another status than was written', { pod: `${namespace}/${name}` });
      entry.written = { ...entry.written, ...wanted };
    }
    return entry.wanted === wanted;
  }

  async #delete(entry: Entry): Promise<void> {
    const { uid, namespace, name } = entry;
    await this.#options.client.delete(
      pods,
      { namespace, name },
      { gracePeriodSeconds: 0, preconditions: { uid }, signal: this.#stop.signal },
    );
    // With finalizers it stays for a while; there is nothing more to do here.
    entry.deleting = false;
  }

  #retryLater(entry: Entry): void {
    const delayMs = Math.min(firstRetryMs * 2 ** entry.failures, longestRetryMs);
    entry.failures++;
    entry.retry = this.#options.environment.setTimer(delayMs, () => {
      entry.retry = undefined;
      this.#enqueue(entry);
    });
  }
}

/** The pod of this uid is no more, even where another one has its name. */
function isGone(error: unknown): boolean {
  return isReason(error, 'NotFound') || (isReason(error, 'Conflict') && error.message.includes('UID'));
}
