import { milliValueOf, wholeValueOf } from '../../machinery/quantity.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import type { MachineFacts } from './worker-context.ts';

/** Why a pod is not taken, in the words of its status. */
export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

/** Whether a pod that was bound to this node fits on it now. Pure. */
export class PodAdmission {
  readonly #machine: MachineFacts;

  constructor(machine: MachineFacts) {
    this.#machine = machine;
  }

  admit(_pod: Pod, _active: readonly Pod[]): Refusal | undefined {
    void this.#machine;
    void milliValueOf;
    void wholeValueOf;
    return undefined;
  }
}
