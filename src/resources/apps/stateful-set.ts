import { compileLabelSelector } from '../../machinery/label-selector.ts';
import { nameIsDnsLabel } from '../../machinery/names.ts';
import type { Draft } from '../../machinery/object.ts';
import { ageSince } from '../../machinery/time.ts';
import { claimSpecWarnings } from '../core/persistent-volume-claim/claim-spec-warnings.ts';
import { setClaimSpecDefaults } from '../core/persistent-volume-claim-defaults.ts';
import { preparePodTemplate, setPodTemplateDefaults } from '../core/pod/pod-template.ts';
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
import { workloadWarnings } from './workload-template.ts';

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
  validate: ({ spec }, errors) => validateStatefulSetSpec(spec, true, errors),
  validateUpdate: validateStatefulSetUpdate,
  warnings: (statefulSet, old) => [
    ...workloadWarnings(statefulSet, old),
    ...claimTemplateWarnings(statefulSet.spec, old !== undefined),
    ...((statefulSet.spec.revisionHistoryLimit ?? 0) < 0 ? [allRevisionsWarning] : []),
  ],
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

const allRevisionsWarning =
  'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended';

/** Kubernetes' path into a template has the name of Go's field when the set is updated. */
function claimTemplateWarnings({ volumeClaimTemplates }: StatefulSetSpec, isUpdate: boolean): readonly string[] {
  return (volumeClaimTemplates ?? []).flatMap(({ spec }, index) =>
    claimSpecWarnings(spec, `spec.volumeClaimTemplates[${index}]${isUpdate ? '.Spec' : ''}`),
  );
}

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
  const { updateStrategy } = spec;
  if (!updateStrategy.type) {
    updateStrategy.type = 'RollingUpdate';
    updateStrategy.rollingUpdate ??= {};
  }
  // Whoever names the type and says no more of it gets no more.
  if (updateStrategy.type === 'RollingUpdate' && updateStrategy.rollingUpdate !== undefined) {
    updateStrategy.rollingUpdate.partition ??= 0;
    updateStrategy.rollingUpdate.maxUnavailable ??= 1;
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
