import type { FieldError } from '../../machinery/field-error.ts';
import { forbidden, invalid, notSupported, required } from '../../machinery/field-errors.ts';
import { selectorFromLabels } from '../../machinery/label-selector.ts';
import { nameIsDnsSubdomain } from '../../machinery/names.ts';
import type { Draft } from '../../machinery/object.ts';
import { ageSince } from '../../machinery/time.ts';
import { nameWarnings } from '../apps/name-warning.ts';
import { validateReplicaStatus } from '../apps/validate-replica-status.ts';
import { containerCells } from '../apps/workload-row.ts';
import { define } from '../define.ts';
import { equal } from '../equal.ts';
import type {
  PodTemplateSpec,
  ReplicationController,
  ReplicationControllerStatus,
} from '../schema/core-v1.generated.ts';
import { replicationControllers } from '../schema/resource-types.generated.ts';
import { shared } from '../shared.ts';
import { sortedMembers } from '../validation/go-value.ts';
import { validateNonNegative } from '../validation/numbers.ts';
import { preparePodTemplate, setPodTemplateDefaults, validatePodTemplate } from './pod/pod-template.ts';
import { podTemplateWarnings } from './pod/warnings/pod-warnings.ts';

const noReplicas: ReplicationControllerStatus = { replicas: 0 };

export const replicationControllerDefinition = define<ReplicationController>(replicationControllers, {
  storage: { keyPrefix: '/registry/controllers/' },
  setDefaults,
  validateName: nameIsDnsSubdomain,
  prepareForCreate(controller) {
    controller.status = { replicas: 0 };
    prepareTemplate(controller);
  },
  prepareForUpdate(controller, old) {
    controller.status = shared(old.status ?? noReplicas);
    prepareTemplate(controller);
  },
  validate: validateSpec,
  warnings({ metadata, spec }, old) {
    if (old === undefined) return [...nameWarnings(metadata), ...podTemplateWarnings(spec?.template)];
    // Kubernetes hands its two templates over the wrong way round.
    return metadata.generation === old.metadata.generation ? [] : podTemplateWarnings(old.spec?.template);
  },
  changesGeneration: (controller, old) => !equal(controller.spec, old.spec),
  status: {
    prepareForUpdate(controller, old) {
      controller.spec = shared(old.spec);
    },
    validateUpdate: ({ status }, _old, errors) => validateReplicaStatus(status ?? noReplicas, errors),
  },
  scale: {
    replicas: ({ spec }) => spec?.replicas ?? 0,
    setReplicas(controller, replicas) {
      controller.spec ??= {};
      controller.spec.replicas = replicas;
    },
    statusReplicas: ({ status }) => status?.replicas ?? 0,
    selector: ({ spec }) => selectorFromLabels(spec?.selector ?? {}).toString(),
  },
  fields: { 'status.replicas': ({ status }) => String(status?.replicas ?? 0) },
  // Who deleted them before there was garbage collection expected their pods to stay.
  defaultPropagation: 'Orphan',
  row: ({ metadata, spec, status = noReplicas }, now) => [
    metadata.name ?? '',
    spec?.replicas ?? 0,
    status.replicas,
    status.readyReplicas ?? 0,
    ageSince(metadata.creationTimestamp, now),
    ...containerCells(spec?.template),
    selectorFromLabels(spec?.selector ?? {}).toString() || '<none>',
  ],
});

function setDefaults(controller: Draft<ReplicationController>): void {
  controller.spec ??= {};
  controller.status ??= { replicas: 0 };
  const { metadata, spec } = controller;
  spec.replicas ??= 1;
  if (spec.template === undefined) return;
  setPodTemplateDefaults(spec.template);
  const labels = spec.template.metadata?.labels;
  if (labels === undefined) return;
  if (isEmpty(spec.selector)) spec.selector = { ...labels };
  if (isEmpty(metadata.labels)) metadata.labels = { ...labels };
}

function prepareTemplate({ spec }: Draft<ReplicationController>): void {
  if (spec?.template !== undefined) preparePodTemplate(spec.template);
}

function validateSpec({ spec = {} }: ReplicationController, errors: FieldError[]): void {
  if (isEmpty(spec.selector)) errors.push(required('spec.selector'));
  if (spec.template === undefined) errors.push(required('spec.template'));
  else validateTemplate(spec.template, spec.selector ?? {}, errors);
  validateNonNegative(spec.replicas, 'spec.replicas', errors);
  validateNonNegative(spec.minReadySeconds, 'spec.minReadySeconds', errors);
}

function validateTemplate(
  template: PodTemplateSpec,
  selector: Readonly<Record<string, string>>,
  errors: FieldError[],
): void {
  const labels = template.metadata?.labels;
  if (!selectorFromLabels(selector).matches(labels)) {
    const detail = '`selector` does not match template `labels`';
    errors.push(invalid('spec.template.metadata.labels', labels && sortedMembers(labels), detail));
  }
  validatePodTemplate(template, 'spec.template', errors);
  const { restartPolicy, activeDeadlineSeconds } = template.spec ?? {};
  if (restartPolicy !== 'Always')
    errors.push(notSupported('spec.template.spec.restartPolicy', restartPolicy, ['Always']));
  if (activeDeadlineSeconds !== undefined) {
    const detail = 'activeDeadlineSeconds in ReplicationController is not Supported';
    errors.push(forbidden('spec.template.spec.activeDeadlineSeconds', detail));
  }
}

function isEmpty(labels: Readonly<Record<string, string>> | undefined): boolean {
  return Object.keys(labels ?? {}).length === 0;
}
