import type { FieldError } from '../../machinery/field-error.ts';
import { forbidden, invalid, notSupported } from '../../machinery/field-errors.ts';
import { compileLabelSelector } from '../../machinery/label-selector.ts';
import { nameIsDnsSubdomain } from '../../machinery/names.ts';
import type { Draft } from '../../machinery/object.ts';
import { ageSince } from '../../machinery/time.ts';
import { preparePodTemplate, setPodTemplateDefaults } from '../core/pod/pod-template.ts';
import { define } from '../define.ts';
import { equal } from '../equal.ts';
import type { Deployment, DeploymentSpec, DeploymentStrategy } from '../schema/apps-v1.generated.ts';
import { deployments } from '../schema/resource-types.generated.ts';
import { shared } from '../shared.ts';
import { goValue } from '../validation/go-value.ts';
import {
  numberOrPercent,
  validateAtMost100Percent,
  validateIntOrPercent,
  validateNonNegative,
  validateNonNegatives,
} from '../validation/numbers.ts';
import { nameWarnings } from './name-warning.ts';
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

export const deploymentDefinition = define<Deployment>(deployments, {
  storage: { keyPrefix: '/registry/deployments/' },
  setDefaults,
  validateName: nameIsDnsSubdomain,
  prepareForCreate(deployment) {
    deployment.status = {};
    preparePodTemplate(deployment.spec.template);
  },
  prepareForUpdate(deployment, old) {
    deployment.status = shared(old.status ?? {});
    preparePodTemplate(deployment.spec.template);
  },
  validate: ({ spec }, errors) => validateSpec(spec, errors),
  validateUpdate(deployment, old, errors) {
    validateSpec(deployment.spec, errors);
    validateSelectorUnchanged(deployment.spec.selector, old.spec.selector, errors);
  },
  warnings: (deployment, old) => [
    ...(old === undefined ? nameWarnings(deployment.metadata) : []),
    ...workloadWarnings(deployment, old),
  ],
  // Controllers keep state in annotations, so a change there has to be observed as well.
  changesGeneration: (deployment, old) =>
    !equal(deployment.spec, old.spec) || !equal(deployment.metadata.annotations, old.metadata.annotations),
  status: {
    keeps: { 'f:metadata': { 'f:labels': {} } },
    prepareForUpdate(deployment, old) {
      deployment.spec = shared(old.spec);
      if (old.metadata.labels === undefined) delete deployment.metadata.labels;
      else deployment.metadata.labels = shared(old.metadata.labels);
    },
    validateUpdate: validateStatus,
  },
  scale: {
    replicas: ({ spec }) => spec.replicas ?? 0,
    setReplicas(deployment, replicas) {
      deployment.spec.replicas = replicas;
    },
    statusReplicas: ({ status }) => status?.replicas ?? 0,
    selector: ({ spec }) => compileLabelSelector(spec.selector).toString(),
  },
  row: ({ metadata, spec, status = {} }, now) => [
    metadata.name ?? '',
    `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
    status.updatedReplicas ?? 0,
    status.availableReplicas ?? 0,
    ageSince(metadata.creationTimestamp, now),
    ...containerCells(spec.template),
    selectorText(spec.selector),
  ],
});

function setDefaults(deployment: Draft<Deployment>): void {
  deployment.spec ??= {} as Draft<DeploymentSpec>;
  deployment.status ??= {};
  const { spec } = deployment;
  spec.template ??= {};
  setPodTemplateDefaults(spec.template);
  spec.replicas ??= 1;
  spec.strategy ??= {};
  if (!spec.strategy.type) spec.strategy.type = 'RollingUpdate';
  if (spec.strategy.type === 'RollingUpdate') {
    spec.strategy.rollingUpdate ??= {};
    spec.strategy.rollingUpdate.maxUnavailable ??= '25%';
    spec.strategy.rollingUpdate.maxSurge ??= '25%';
  }
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
}

function validateSpec(spec: DeploymentSpec, errors: FieldError[]): void {
  validateNonNegative(spec.replicas, 'spec.replicas', errors);
  validateSelectorAndTemplate(spec.selector, spec.template, words, errors);
  validateStrategy(spec.strategy ?? {}, 'spec.strategy', errors);
  validateNonNegatives(spec, ['minReadySeconds', 'revisionHistoryLimit'], 'spec', errors);
  const { progressDeadlineSeconds, minReadySeconds = 0 } = spec;
  if (progressDeadlineSeconds === undefined) return;
  const path = 'spec.progressDeadlineSeconds';
  validateNonNegative(progressDeadlineSeconds, path, errors);
  if (progressDeadlineSeconds <= minReadySeconds)
    errors.push(invalid(path, progressDeadlineSeconds, 'must be greater than minReadySeconds'));
}

function validateStrategy(strategy: DeploymentStrategy, path: string, errors: FieldError[]): void {
  const { type, rollingUpdate } = strategy;
  if (type === 'Recreate') {
    if (rollingUpdate !== undefined)
      errors.push(forbidden(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'"));
  } else if (type === 'RollingUpdate') validateRollingUpdate(rollingUpdate ?? {}, `${path}.rollingUpdate`, errors);
  else {
    const shown = goValue(strategy, 'apps.v1.DeploymentStrategy');
    errors.push(notSupported(path, shown, ['Recreate', 'RollingUpdate']));
  }
}

function validateRollingUpdate(
  { maxUnavailable = 0, maxSurge = 0 }: NonNullable<DeploymentStrategy['rollingUpdate']>,
  path: string,
  errors: FieldError[],
): void {
  validateIntOrPercent(maxUnavailable, `${path}.maxUnavailable`, errors);
  validateIntOrPercent(maxSurge, `${path}.maxSurge`, errors);
  if (numberOrPercent(maxUnavailable) === 0 && numberOrPercent(maxSurge) === 0)
    errors.push(invalid(`${path}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'));
  validateAtMost100Percent(maxUnavailable, `${path}.maxUnavailable`, errors);
}

const statusNumbers = [
  'observedGeneration',
  'replicas',
  'updatedReplicas',
  'readyReplicas',
  'availableReplicas',
  'unavailableReplicas',
  'terminatingReplicas',
  'collisionCount',
] as const;

function validateStatus({ status = {} }: Deployment, old: Deployment, errors: FieldError[]): void {
  validateNonNegatives(status, statusNumbers, 'status', errors);
  const { replicas = 0, updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = status;
  const tooMany = (name: string, value: number, limit: number, of: string) => {
    if (value > limit) errors.push(invalid(`status.${name}`, value, `cannot be greater than ${of}`));
  };
  tooMany('updatedReplicas', updatedReplicas, replicas, 'status.replicas');
  tooMany('readyReplicas', readyReplicas, replicas, 'status.replicas');
  tooMany('availableReplicas', availableReplicas, replicas, 'status.replicas');
  tooMany('availableReplicas', availableReplicas, readyReplicas, 'readyReplicas');
  const { collisionCount } = status;
  const before = old.status?.collisionCount;
  if (before !== undefined && (collisionCount === undefined || collisionCount < before))
    errors.push(invalid('status.collisionCount', collisionCount ?? 0, 'cannot be decremented'));
}
