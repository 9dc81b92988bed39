import type { FieldError } from '../../machinery/field-error.ts';
import { compileLabelSelector } from '../../machinery/label-selector.ts';
import { nameIsDnsSubdomain } from '../../machinery/names.ts';
import type { Draft } from '../../machinery/object.ts';
import { ageSince } from '../../machinery/time.ts';
import { preparePodTemplate, setPodTemplateDefaults } from '../core/pod/pod-template.ts';
import { define } from '../define.ts';
import { equal } from '../equal.ts';
import type { ReplicaSet, ReplicaSetSpec, ReplicaSetStatus } from '../schema/apps-v1.generated.ts';
import { replicaSets } from '../schema/resource-types.generated.ts';
import { shared } from '../shared.ts';
import { validateNonNegative } from '../validation/numbers.ts';
import { nameWarnings } from './name-warning.ts';
import { validateReplicaStatus } from './validate-replica-status.ts';
import { containerCells, selectorText } from './workload-row.ts';
import {
  validateSelectorAndTemplate,
  validateSelectorUnchanged,
  type WorkloadWords,
  workloadWarnings,
} from './workload-template.ts';

const words: WorkloadWords = {
  emptySelector: 'empty selector is invalid for deployment',
  badSelector: 'invalid label selector',
  deadline: 'activeDeadlineSeconds in ReplicaSet is not Supported',
};
const noReplicas: ReplicaSetStatus = { replicas: 0 };

export const replicaSetDefinition = define<ReplicaSet>(replicaSets, {
  storage: { keyPrefix: '/registry/replicasets/' },
  setDefaults,
  validateName: nameIsDnsSubdomain,
  prepareForCreate(replicaSet) {
    replicaSet.status = { replicas: 0 };
    if (replicaSet.spec.template !== undefined) preparePodTemplate(replicaSet.spec.template);
  },
  prepareForUpdate(replicaSet, old) {
    replicaSet.status = shared(old.status ?? noReplicas);
    if (replicaSet.spec.template !== undefined) preparePodTemplate(replicaSet.spec.template);
  },
  validate: ({ spec }, errors) => validateSpec(spec, errors),
  validateUpdate(replicaSet, old, errors) {
    validateSpec(replicaSet.spec, errors);
    validateSelectorUnchanged(replicaSet.spec.selector, old.spec.selector, errors);
  },
  warnings: (replicaSet, old) => [
    ...(old === undefined ? nameWarnings(replicaSet.metadata) : []),
    ...workloadWarnings(replicaSet, old),
  ],
  changesGeneration: (replicaSet, old) => !equal(replicaSet.spec, old.spec),
  status: {
    prepareForUpdate(replicaSet, old) {
      replicaSet.spec = shared(old.spec);
    },
    validateUpdate: ({ status }, _old, errors) => validateReplicaStatus(status ?? noReplicas, errors),
  },
  scale: {
    replicas: ({ spec }) => spec.replicas ?? 0,
    setReplicas(replicaSet, replicas) {
      replicaSet.spec.replicas = replicas;
    },
    statusReplicas: ({ status }) => status?.replicas ?? 0,
    selector: ({ spec }) => compileLabelSelector(spec.selector).toString(),
  },
  row: ({ metadata, spec, status = noReplicas }, now) => [
    metadata.name ?? '',
    spec.replicas ?? 0,
    status.replicas,
    status.readyReplicas ?? 0,
    ageSince(metadata.creationTimestamp, now),
    ...containerCells(spec.template),
    selectorText(spec.selector),
  ],
});

function setDefaults(replicaSet: Draft<ReplicaSet>): void {
  replicaSet.spec ??= {} as Draft<ReplicaSetSpec>;
  replicaSet.status ??= { replicas: 0 };
  replicaSet.spec.template ??= {};
  setPodTemplateDefaults(replicaSet.spec.template);
  replicaSet.spec.replicas ??= 1;
}

function validateSpec(spec: ReplicaSetSpec, errors: FieldError[]): void {
  validateNonNegative(spec.replicas, 'spec.replicas', errors);
  validateNonNegative(spec.minReadySeconds, 'spec.minReadySeconds', errors);
  validateSelectorAndTemplate(spec.selector, spec.template ?? {}, words, errors);
}
