import { findCondition } from '../../machinery/conditions.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Lease } from '../../resources/schema/coordination-v1.generated.ts';
import type { Node } from '../../resources/schema/core-v1.generated.ts';

export interface GracePeriods {
  /** How long an agent may be silent before its node counts as unknown; 50 s unless given. */
  readonly gracePeriodMs?: number | undefined;
  /** The same for a node that has just registered; 60 s unless given. */
  readonly startupGracePeriodMs?: number | undefined;
}

interface Heard {
  readonly uid: string;
  signs: string;
  atMs: number;
}

/** When each node was last heard of, by this process's own clock: clocks of nodes may be wrong. */
export class NodeSigns {
  readonly #environment: Pick<Environment, 'monotonic'>;
  readonly #gracePeriodMs: number;
  readonly #startupGracePeriodMs: number;
  readonly #heard = new Map<string, Heard>();

  constructor(environment: Pick<Environment, 'monotonic'>, periods: GracePeriods) {
    this.#environment = environment;
    this.#gracePeriodMs = periods.gracePeriodMs ?? 50_000;
    this.#startupGracePeriodMs = periods.startupGracePeriodMs ?? 60_000;
  }

  /** Notes a renewed lease or a new heartbeat; true when the node was not known before. */
  listen(node: Node, lease: Lease | undefined): boolean {
    const { name = '', uid = '' } = node.metadata;
    const signs = `${lease?.spec?.renewTime ?? ''}/${findCondition(node.status?.conditions, 'Ready')?.lastHeartbeatTime ?? ''}`;
    const known = this.#heard.get(name);
    if (known?.uid === uid) {
      if (known.signs !== signs) {
        known.signs = signs;
        known.atMs = this.#environment.monotonic();
      }
      return false;
    }
    this.#heard.set(name, { uid, signs, atMs: this.#environment.monotonic() });
    return true;
  }

  /** Whether the agent has been silent for longer than it may. */
  isSilent(node: Node): boolean {
    const patienceMs =
      findCondition(node.status?.conditions, 'Ready') === undefined ? this.#startupGracePeriodMs : this.#gracePeriodMs;
    const heard = this.#heard.get(node.metadata.name ?? '');
    return heard !== undefined && this.#environment.monotonic() - heard.atMs > patienceMs;
  }

  /** Forgets the nodes that are none of these, and answers them: name and uid. */
  keepOnly(names: ReadonlySet<string>): readonly { readonly name: string; readonly uid: string }[] {
    const gone = [...this.#heard].filter(([name]) => !names.has(name)).map(([name, { uid }]) => ({ name, uid }));
    for (const { name } of gone) this.#heard.delete(name);
    return gone;
  }

  /** Every node counts as just heard of. */
  forgive(): void {
    for (const heard of this.#heard.values()) heard.atMs = this.#environment.monotonic();
  }
}
