import { nameIsDnsSubdomain } from '../../../machinery/names.ts';
import type { Draft } from '../../../machinery/object.ts';
import { normalise } from '../../../machinery/schema/normalise.ts';
import { formatTime } from '../../../machinery/time.ts';
import { define } from '../../define.ts';
import type { WriteContext } from '../../definition.ts';
import type { Pod, PodCondition, PodSpec } from '../../schema/core-v1.generated.ts';
import { pods } from '../../schema/resource-types.generated.ts';
import { builtInSchema } from '../../schema/schema-table.ts';
import { resolveAppArmorAnnotations } from './app-armor-annotations.ts';
import { dropDisabledFields } from './drop-disabled-fields.ts';
import { ephemeralContainersView } from './ephemeral-containers-view.ts';
import { resolveMatchLabelKeys } from './match-label-keys.ts';
import { mendGracePeriod, mirrorServiceAccount, setPodDefaults } from './pod-defaults.ts';
import { podResizeRules } from './pod-resize.ts';
import { setPodResourceDefaults } from './pod-resource-defaults.ts';
import { podRow } from './pod-row.ts';
import { podStatusRules } from './pod-status.ts';
import { preparePodForUpdate } from './prepare-for-update.ts';
import { qosClassOf } from './qos-class.ts';
import { sameSpec } from './same-resources.ts';
import { validateNewPod } from './validation/pod.ts';
import { validatePodUpdate } from './validation/pod-update.ts';
import { podWarnings } from './warnings/pod-warnings.ts';

export const podDefinition = define<Pod>(pods, {
  metadataAsNew: true,
  storage: { keyPrefix: '/registry/pods/' },
  setDefaults: setPodDefaults,
  validateName: nameIsDnsSubdomain,
  prepareForCreate,
  prepareForUpdate: preparePodForUpdate,
  validate: validateNewPod,
  validateUpdate: validatePodUpdate,
  warnings: podWarnings,
  changesGeneration: (pod, old) => !sameSpec(pod.spec, old.spec),
  status: podStatusRules,
  views: { ephemeralcontainers: ephemeralContainersView, resize: podResizeRules },
  gracePeriodSeconds,
  returnsDeletedObject: true,
  fields: {
    'spec.hostNetwork': (pod) => String(pod.spec?.hostNetwork ?? false),
    // Kubernetes takes this label and gives no pod a value for it.
    'status.podIPs': () => '',
  },
  row: podRow,
});

function prepareForCreate(pod: Draft<Pod>, context: WriteContext): void {
  pod.spec ??= { containers: [] } as Draft<PodSpec>;
  mirrorServiceAccount(pod.spec);
  mendGracePeriod(pod.spec);
  setPodResourceDefaults(pod.spec);
  dropDisabledFields(pod.spec);
  resolveMatchLabelKeys(pod);
  resolveAppArmorAnnotations(pod);
  pod.status = { phase: 'Pending', qosClass: qosClassOf(pod.spec) };
  if ((pod.spec.schedulingGates ?? []).length > 0) pod.status.conditions = [gatedCondition(context)];
}

/** In normal form, as what comes from a client is. */
function gatedCondition({ now }: WriteContext): Draft<PodCondition> {
  const condition = {
    type: 'PodScheduled',
    status: 'False',
    lastTransitionTime: formatTime(now),
    reason: 'SchedulingGated',
    message: 'Scheduling is blocked due to non-empty scheduling gates',
  };
  return normalise(builtInSchema('core.v1.PodCondition'), condition).value as unknown as Draft<PodCondition>;
}

/** A pod that no node has, or that has ended, has nothing to wait for. */
function gracePeriodSeconds({ spec, status }: Pod, requested: number | undefined): number {
  if (!spec?.nodeName || status?.phase === 'Failed' || status?.phase === 'Succeeded') return 0;
  const seconds = requested ?? spec.terminationGracePeriodSeconds ?? 0;
  return seconds < 0 ? 1 : seconds;
}
