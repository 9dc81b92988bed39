import { readFileSync } from 'node:fs';
import { applyMergePatch } from '../../../../src/machinery/patch/merge.ts';
import { apply, asTable, get, patch, post, put, remove, type Scenario, type Step, type Topic } from '../scenario.ts';
import { access } from './kinds/access.ts';
import { cluster } from './kinds/cluster.ts';
import { core } from './kinds/core.ts';
import { extensions } from './kinds/extensions.ts';
import type { Body, KindTable } from './kinds/kind-table.ts';
import { networking } from './kinds/networking.ts';
import { storage } from './kinds/storage.ts';
import { workloads } from './kinds/workloads.ts';

const kinds = [...core, ...workloads, ...networking, ...storage, ...access, ...extensions, ...cluster];

interface Served {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly responseKind: { readonly kind: string };
  readonly scope: 'Cluster' | 'Namespaced';
  readonly subresources?: readonly { readonly subresource: string }[];
}

const discovery = JSON.parse(
  readFileSync(new URL('../../../../facts/discovery.json', import.meta.url), 'utf8'),
) as readonly Served[];

class Kind {
  readonly #table: KindTable;
  readonly #served: Served;
  readonly #collection: string;
  readonly #name: string;

  constructor(table: KindTable) {
    const [group, version, resource] = table.resource.split('/');
    const served = discovery.find(
      (each) => each.group === group && each.version === version && each.resource === resource,
    );
    if (served === undefined) throw new Error(`${table.resource} is not in facts/discovery.json`);
    const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    this.#table = table;
    this.#served = served;
    this.#collection = `${root}${served.scope === 'Namespaced' ? '/namespaces/{ns}' : ''}/${resource}`;
    this.#name = String((table.smallest['metadata'] as Body | undefined)?.['name'] ?? 'probe');
  }

  get id(): string {
    const { group, resource } = this.#served;
    return group === '' ? resource : `${resource}.${group}`;
  }

  refusals(): Scenario {
    const steps = Object.values(this.#table.invalid).map((change) => post(this.#collection, this.#object(change)));
    return { what: 'refusals', steps: [post(this.#collection, {}), ...steps] };
  }

  life(): Scenario {
    const place = `${this.#collection}/${this.#name}`;
    return {
      what: 'life',
      steps: [
        post(this.#collection, this.#object({})),
        post(this.#collection, this.#object({})),
        get(`${this.#collection}?fieldSelector=metadata.name=${this.#name}`, asTable),
        ...Object.values(this.#table.patches ?? {}).map((change) => patch('merge', place, change)),
        put(place, this.#object({ metadata: { labels: { again: 'yes' } } })),
        apply(place, 'other', this.#object({ metadata: { labels: { applied: 'yes' } } })),
        ...this.#status(place),
        remove(place),
        get(place),
      ],
    };
  }

  #status(place: string): readonly Step[] {
    const { status } = this.#table;
    return status === undefined ? [] : [put(`${place}/status`, this.#object(status)), get(`${place}/status`, asTable)];
  }

  #object(change: Body): Body {
    const { group, version, responseKind } = this.#served;
    const apiVersion = group === '' ? version : `${group}/${version}`;
    const smallest = { apiVersion, kind: responseKind.kind, metadata: { name: this.#name }, ...this.#table.smallest };
    return applyMergePatch(smallest, change) as Body;
  }
}

/** For each resource: what is refused, and the life of its smallest object. */
export const everyResource: readonly Topic[] = kinds.map((table) => {
  const kind = new Kind(table);
  return { name: kind.id, scenarios: [kind.refusals(), kind.life()] };
});
