import { compileLabelSelector } from '../../machinery/label-selector.ts';
import { nameIsDnsLabel } from '../../machinery/names.ts';
import type { Draft } from '../../machinery/object.ts';
import { ageSince } from '../../machinery/time.ts';
import { setClaimSpecDefaults } from '../core/persistent-volume-claim-defaults.ts';
import { preparePodTemplate, setPodTemplateDefaults } from '../core/pod/pod-template.ts';
import { podTemplateWarnings } from '../core/pod/warnings/pod-warnings.ts';
import { define } from '../define.ts';
import { equal } from '../equal.ts';
import type { StatefulSet, StatefulSetSpec, StatefulSetStatus } from '../schema/apps-v1.generated.ts';
import type { PersistentVolumeClaim } from '../schema/core-v1.generated.ts';
import { statefulSets } from '../schema/resource-types.generated.ts';
import { shared } from '../shared.ts';
import {
  validateStatefulSetSpec,
  validateStatefulSetStatus,
  validateStatefulSetUpdate,
} from './validate-stateful-set.ts';
import { containerCells } from './workload-row.ts';

const noReplicas: StatefulSetStatus = { replicas: 0, availableReplicas: 0 };

export const statefulSetDefinition = define<StatefulSet>(statefulSets, {
  storage: { keyPrefix: '/registry/statefulsets/' },
  setDefaults,
  // The pods of a StatefulSet are hosts called after it, so its name is a label.
  validateName: nameIsDnsLabel,
  prepareForCreate(statefulSet) {
    statefulSet.status = { replicas: 0, availableReplicas: 0 };
    preparePodTemplate(statefulSet.spec.template);
  },
  prepareForUpdate(statefulSet, old) {
    statefulSet.status = shared(old.status ?? noReplicas);
    preparePodTemplate(statefulSet.spec.template);
  },
  validate: ({ spec }, errors) => validateStatefulSetSpec(spec, errors),
  validateUpdate: validateStatefulSetUpdate,
  warnings: ({ spec }) => podTemplateWarnings(spec.template),
  changesGeneration: (statefulSet, old) => !equal(statefulSet.spec, old.spec),
  status: {
    prepareForUpdate(statefulSet, old) {
      statefulSet.spec = shared(old.spec);
    },
    validateUpdate: ({ status }, old, errors) =>
      validateStatefulSetStatus(status ?? noReplicas, old.status ?? noReplicas, errors),
  },
  scale: {
    replicas: ({ spec }) => spec.replicas ?? 0,
    setReplicas(statefulSet, replicas) {
      statefulSet.spec.replicas = replicas;
    },
    statusReplicas: ({ status }) => status?.replicas ?? 0,
    selector: ({ spec }) => compileLabelSelector(spec.selector).toString(),
  },
  row: ({ metadata, spec, status = noReplicas }, now) => [
    metadata.name ?? '',
    `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
    ageSince(metadata.creationTimestamp, now),
    ...containerCells(spec.template),
  ],
});

function setDefaults(statefulSet: Draft<StatefulSet>): void {
  statefulSet.spec ??= {} as Draft<StatefulSetSpec>;
  statefulSet.status ??= { replicas: 0 };
  statefulSet.status.availableReplicas ??= 0;
  const { spec } = statefulSet;
  spec.template ??= {};
  setPodTemplateDefaults(spec.template);
  for (const claim of spec.volumeClaimTemplates ?? []) setClaimDefaults(claim);
  if (!spec.podManagementPolicy) spec.podManagementPolicy = 'OrderedReady';
  spec.serviceName ??= '';
  spec.updateStrategy ??= {};
  if (!spec.updateStrategy.type) spec.updateStrategy.type = 'RollingUpdate';
  if (spec.updateStrategy.type === 'RollingUpdate') {
    spec.updateStrategy.rollingUpdate ??= {};
    spec.updateStrategy.rollingUpdate.partition ??= 0;
    spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
  }
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= 'Retain';
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= 'Retain';
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
}

/** A claim in a StatefulSet is a whole object, with its kind and with the status of a new one. */
function setClaimDefaults(claim: Draft<PersistentVolumeClaim>): void {
  claim.apiVersion = 'v1';
  claim.kind = 'PersistentVolumeClaim';
  claim.metadata ??= {};
  claim.spec ??= {};
  claim.status ??= {};
  claim.status.phase ||= 'Pending';
  setClaimSpecDefaults(claim.spec);
}
