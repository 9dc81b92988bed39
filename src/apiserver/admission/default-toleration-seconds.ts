import type { Draft } from '../../machinery/object.ts';
import type { Pod, Toleration } from '../../resources/schema/core-v1.generated.ts';
import { pods } from '../../resources/schema/resource-types.generated.ts';
import { appliesTo } from './applies-to.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';

const defaultSeconds = 300;

/** Lets every pod stay on a node that is not ready or unreachable for five minutes, unless it says how long itself. */
export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  admit(attributes: AdmissionAttributes): void {
    const { operation } = attributes;
    if (!appliesTo(attributes, pods) || (operation !== 'CREATE' && operation !== 'UPDATE')) return;
    const spec = (attributes.object as Draft<Pod>).spec;
    if (spec === undefined) return;
    const given = spec.tolerations ?? [];
    const missing = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].filter(
      (key) => !given.some((toleration) => toleratesEviction(toleration, key)),
    );
    if (missing.length === 0) return;
    const added = missing.map((key) => ({
      effect: 'NoExecute',
      key,
      operator: 'Exists',
      tolerationSeconds: defaultSeconds,
    }));
    spec.tolerations = [...given, ...added];
  },
};

function toleratesEviction({ key: tolerated, effect }: Draft<Toleration>, key: string): boolean {
  return (!tolerated || tolerated === key) && (!effect || effect === 'NoExecute');
}
