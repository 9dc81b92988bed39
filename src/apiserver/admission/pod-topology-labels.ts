import type { Reader } from '../../client/client.ts';
import type { Draft } from '../../machinery/object.ts';
import { isReason } from '../../machinery/status-error.ts';
import type { Binding, Pod } from '../../resources/schema/core-v1.generated.ts';
import { bindings, nodes, pods } from '../../resources/schema/resource-types.generated.ts';
import { appliesTo } from './applies-to.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';

const copied: readonly string[] = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'];

/**
 * Pods carry the zone and region of their node, so that they can read them without a right to read nodes (KEP-4742). Labels of a
 * Binding become those of its pod.
 */
export class PodTopologyLabels implements AdmissionPlugin {
  readonly name = 'PodTopologyLabels';
  readonly #reader: Reader;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  async admit(attributes: AdmissionAttributes): Promise<void> {
    const { operation, object } = attributes;
    if (operation !== 'CREATE' || object === undefined) return;
    const node = nodeOf(attributes);
    if (node === '') return;
    for (const [key, value] of await this.#labelsOf(node)) {
      object.metadata.labels = { ...object.metadata.labels, [key]: value };
    }
  }

  async #labelsOf(name: string): Promise<readonly (readonly [string, string])[]> {
    try {
      const labels = (await this.#reader.get(nodes, { name })).metadata.labels ?? {};
      return copied.flatMap((key) => (labels[key] === undefined ? [] : [[key, labels[key]] as const]));
    } catch (error) {
      // A pod may be bound to a node that has no object yet.
      if (isReason(error, 'NotFound')) return [];
      throw error;
    }
  }
}

/** The node that the write puts a pod on; empty when it puts none anywhere. */
function nodeOf(attributes: AdmissionAttributes): string {
  if (appliesTo(attributes, pods)) return (attributes.object as Draft<Pod>).spec?.nodeName ?? '';
  if (!appliesTo(attributes, pods, 'binding') && !appliesTo(attributes, bindings)) return '';
  const { target } = attributes.object as Draft<Binding>;
  return target?.kind === 'Node' ? (target.name ?? '') : '';
}
