import type { LabelSelector } from '../../machinery/label-selector.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { parseKey } from '../runtime/object-keys.ts';

/** Which pods the autoscalers count: those of one target may be counted by one of them alone. */
export class SelectorClaims {
  readonly #selectors = new Map<string, LabelSelector>();

  set(key: string, selector: LabelSelector): void {
    this.#selectors.set(key, selector);
  }

  delete(key: string): void {
    this.#selectors.delete(key);
  }

  /** The keys of up to two autoscalers of a namespace that select any of the pods. */
  claiming(namespace: string, pods: readonly Pod[]): readonly string[] {
    const keys: string[] = [];
    for (const [key, selector] of this.#selectors) {
      if (parseKey(key).namespace !== namespace) continue;
      if (pods.some(({ metadata }) => selector.matches(metadata.labels))) keys.push(key);
      if (keys.length === 2) break;
    }
    return keys;
  }
}
