import type { Environment } from '../machinery/environment/environment.ts';
import type { Logger } from '../machinery/log.ts';
import { isReason } from '../machinery/status-error.ts';
import type { Lease, LeaseSpec } from '../resources/schema/coordination-v1.generated.ts';
import { leases } from '../resources/schema/resource-types.generated.ts';
import type { Client } from './client.ts';

export interface LeaderElectionOptions {
  readonly client: Pick<Client, 'get' | 'create' | 'update'>;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly namespace: string;
  /** Of the Lease. */
  readonly name: string;
  /** Differs among candidates. */
  readonly identity: string;
  /** How long a leader that has gone silent is waited for; 15 s unless given. */
  readonly leaseDurationMs?: number | undefined;
  /** How long a leader tries to renew before it gives up; shorter than the lease. 10 s unless given. */
  readonly renewDeadlineMs?: number | undefined;
  /** Between two tries; 2 s unless given. */
  readonly retryPeriodMs?: number | undefined;
}

/** What a candidate saw last, and when by its own clock: the clocks of other machines are not trusted. */
interface Observation {
  readonly record: string;
  readonly atMs: number;
}

/**
 * Runs `lead` while this candidate holds the Lease; its signal is aborted when the Lease is lost or `signal` is aborted.
 * Takes part again after a loss, and gives the Lease back when asked to stop. Resolves when `signal` is aborted and `lead` has
 * returned; rejects, the Lease given back, when `lead` does.
 */
export async function runAsLeader(
  options: LeaderElectionOptions,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { environment, retryPeriodMs = 2_000 } = options;
  const candidate = new Candidate(options);
  while (!signal.aborted) {
    if (await candidate.tryToHold(signal)) await serveTerm(options, candidate, lead, signal);
    else await environment.sleep(retryPeriodMs * (1 + 1.2 * environment.random()), signal).catch(() => {});
  }
}

/** From taking the Lease to losing it, or to giving it back. */
async function serveTerm(
  options: LeaderElectionOptions,
  candidate: Candidate,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { environment, logger, identity, name, retryPeriodMs = 2_000, renewDeadlineMs = 10_000 } = options;
  logger.info('leading', { lease: name, identity });
  const term = new AbortController();
  const finished = new AbortController();
  const either = AbortSignal.any([signal, finished.signal]);
  const end = () => term.abort(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  const leading = lead(term.signal).finally(() => finished.abort());
  // It is awaited below; until then nobody else may be told of its failure.
  leading.catch(() => {});
  let renewedMs = environment.monotonic();
  for (;;) {
    await environment.sleep(retryPeriodMs, either).catch(() => {});
    const leftMs = renewDeadlineMs - (environment.monotonic() - renewedMs);
    if (either.aborted || leftMs <= 0) break;
    const deadline = environment.deadline(leftMs, either);
    if (await candidate.tryToHold(deadline.signal)) renewedMs = environment.monotonic();
    deadline.cancel();
  }
  const lost = !either.aborted;
  if (lost) {
    logger.error('lost the lease', { lease: name, identity });
    term.abort(new DOMException(`lost the lease ${name}`, 'AbortError'));
  }
  signal.removeEventListener('abort', end);
  try {
    await leading;
  } finally {
    if (!lost) await candidate.release();
  }
}

class Candidate {
  readonly #options: LeaderElectionOptions;
  #observed: Observation | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
  }

  /** Whether this candidate holds the Lease now, having taken or renewed it. */
  async tryToHold(signal: AbortSignal): Promise<boolean> {
    const { client, namespace, name, identity, logger } = this.#options;
    try {
      const lease = await client.get(leases, { namespace, name }, { signal }).catch((error) => {
        if (isReason(error, 'NotFound')) return undefined;
        throw error;
      });
      if (lease === undefined) {
        await client.create(leases, { metadata: { namespace, name }, spec: this.#spec(undefined) }, { signal });
        return true;
      }
      if (!this.#mayTake(lease)) return false;
      await client.update(leases, { ...lease, spec: this.#spec(lease.spec) }, { signal });
      return true;
    } catch (error) {
      // Another candidate was faster.
      if (isReason(error, 'Conflict') || isReason(error, 'AlreadyExists')) return false;
      if (!signal.aborted) logger.warn('could not take or renew the lease', { lease: name, identity, err: error });
      return false;
    }
  }

  /** Lets the next leader begin at once. */
  async release(): Promise<void> {
    const { client, namespace, name, identity, logger } = this.#options;
    try {
      const lease = await client.get(leases, { namespace, name });
      if (lease.spec?.holderIdentity !== identity) return;
      const spec = { ...this.#spec(lease.spec), holderIdentity: '', leaseDurationSeconds: 1 };
      await client.update(leases, { ...lease, spec });
    } catch (error) {
      logger.debug('could not release the lease', { lease: name, identity, err: error });
    }
  }

  #mayTake(lease: Lease): boolean {
    const { environment, identity, leaseDurationMs = 15_000 } = this.#options;
    const nowMs = environment.monotonic();
    const record = JSON.stringify(lease.spec);
    if (this.#observed?.record !== record) this.#observed = { record, atMs: nowMs };
    const holder = lease.spec?.holderIdentity ?? '';
    if (holder === '' || holder === identity) return true;
    const durationMs = Math.max(leaseDurationMs, (lease.spec?.leaseDurationSeconds ?? 0) * 1000);
    return nowMs - this.#observed.atMs > durationMs;
  }

  #spec(old: LeaseSpec | undefined): LeaseSpec {
    const { environment, identity, leaseDurationMs = 15_000 } = this.#options;
    const now = `${new Date(environment.now()).toISOString().slice(0, -1)}000Z`;
    const keeps = old?.holderIdentity === identity;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      acquireTime: keeps ? (old?.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (old?.leaseTransitions ?? 0) + (keeps || old === undefined ? 0 : 1),
    };
  }
}
