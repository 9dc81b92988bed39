import type { Reader } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Draft } from '../../machinery/object.ts';
import type { LimitRange, PersistentVolumeClaim, Pod } from '../../resources/schema/core-v1.generated.ts';
import { limitRanges, persistentVolumeClaims, pods } from '../../resources/schema/resource-types.generated.ts';
import { RecentMap } from '../authn/recent-map.ts';
import { admissionForbidden } from './admission-forbidden.ts';
import { appliesTo } from './applies-to.ts';
import { setContainerDefaults } from './limits/container-defaults.ts';
import { claimProblems, podProblems } from './limits/limit-problems.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';

/** For so long an answer counts for a namespace of which the informer knows no limits. */
const lookUpMs = 30_000;
const mostNamespaces = 10_000;

/** Gives containers the requests and limits that their namespace has as defaults, and holds pods and claims to its bounds. */
export class LimitRanger implements AdmissionPlugin {
  readonly name = 'LimitRanger';
  readonly #ranges: Informer<LimitRange>;
  readonly #reader: Reader;
  readonly #environment: Environment;
  readonly #looked = new RecentMap<string, { readonly untilMs: number; readonly items: readonly LimitRange[] }>(
    mostNamespaces,
  );

  /** `reader`: asked about namespaces of which `ranges` knows nothing; a range may have come a moment before the pod. */
  constructor(ranges: Informer<LimitRange>, reader: Reader, environment: Environment) {
    this.#ranges = ranges;
    this.#reader = reader;
    this.#environment = environment;
  }

  async admit(attributes: AdmissionAttributes): Promise<void> {
    if (!createsPod(attributes)) return;
    const pod = attributes.object as Draft<Pod>;
    for (const { spec } of await this.#rangesOf(attributes.namespace)) setContainerDefaults(pod, spec?.limits ?? []);
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    const isPod = createsPod(attributes);
    if (!isPod && !writesClaim(attributes)) return;
    for (const { spec } of await this.#rangesOf(attributes.namespace)) {
      const limits = spec?.limits ?? [];
      const problems = isPod
        ? podProblems(attributes.object as Pod, limits)
        : claimProblems(attributes.object as PersistentVolumeClaim, limits);
      const different = [...new Set(problems)];
      if (different.length === 0) continue;
      throw admissionForbidden(attributes, different.length > 1 ? `[${different.join(', ')}]` : different.join());
    }
  }

  async #rangesOf(namespace: string): Promise<readonly LimitRange[]> {
    const known = [...this.#ranges.list(namespace)];
    if (known.length > 0) return known;
    const now = this.#environment.monotonic();
    const looked = this.#looked.get(namespace);
    if (looked !== undefined && looked.untilMs > now) return looked.items;
    const { items } = await this.#reader.list(limitRanges, { namespace });
    this.#looked.set(namespace, { untilMs: now + lookUpMs, items });
    return items;
  }
}

/** The containers of a pod do not change later, so nothing is to be said about updates. */
function createsPod(attributes: AdmissionAttributes): boolean {
  return attributes.operation === 'CREATE' && appliesTo(attributes, pods);
}

function writesClaim(attributes: AdmissionAttributes): boolean {
  const { operation, old } = attributes;
  if (operation !== 'CREATE' && operation !== 'UPDATE') return false;
  return appliesTo(attributes, persistentVolumeClaims) && typeof old?.metadata.deletionTimestamp !== 'string';
}
