import type { Draft } from '../../../machinery/object.ts';
import type { Pod } from '../../schema/core-v1.generated.ts';
import { shared } from '../../shared.ts';
import { dropDisabledFields } from './drop-disabled-fields.ts';
import { mendGracePeriod, mirrorServiceAccount } from './pod-defaults.ts';

/** Status belongs to the status subresource, and resources that are not said to `resize`. */
export function preparePodForUpdate(pod: Draft<Pod>, old: Pod): void {
  pod.status = shared(old.status ?? {});
  if (pod.spec === undefined) return;
  mirrorServiceAccount(pod.spec);
  mendGracePeriod(pod.spec);
  if (pod.spec.resources === undefined && old.spec?.resources !== undefined)
    pod.spec.resources = shared(old.spec.resources);
  dropDisabledFields(pod.spec);
}
