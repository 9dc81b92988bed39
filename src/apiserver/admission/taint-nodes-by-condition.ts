import type { Draft } from '../../machinery/object.ts';
import type { Node } from '../../resources/schema/core-v1.generated.ts';
import { nodes } from '../../resources/schema/resource-types.generated.ts';
import { appliesTo } from './applies-to.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';

const key = 'node.kubernetes.io/not-ready';
const effect = 'NoSchedule';

/** A new node takes no pods before it has said that it is ready; the node controller removes the taint then. */
export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  admit(attributes: AdmissionAttributes): void {
    if (attributes.operation !== 'CREATE' || !appliesTo(attributes, nodes)) return;
    const node = attributes.object as Draft<Node>;
    const taints = node.spec?.taints ?? [];
    if (taints.some((taint) => taint.key === key && taint.effect === effect)) return;
    node.spec = { ...node.spec, taints: [...taints, { key, effect }] };
  },
};
