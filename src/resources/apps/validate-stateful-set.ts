import type { FieldError } from '../../machinery/field-error.ts';
import { invalid, notSupported } from '../../machinery/field-errors.ts';
import { dnsLabel } from '../../machinery/names.ts';
import { validateClaimSpec } from '../core/persistent-volume-claim-spec.ts';
import type {
  StatefulSet,
  StatefulSetSpec,
  StatefulSetStatus,
  StatefulSetUpdateStrategy,
} from '../schema/apps-v1.generated.ts';
import type { PersistentVolumeClaim, PodTemplateSpec, Volume } from '../schema/core-v1.generated.ts';
import { applyRule } from '../validation/apply-rule.ts';
import { goValue } from '../validation/go-value.ts';
import { validateImmutable } from '../validation/immutable.ts';
import {
  numberOrPercent,
  validateAtMost100Percent,
  validateIntOrPercent,
  validateNonNegative,
  validateNonNegatives,
} from '../validation/numbers.ts';
import {
  validateLifetime,
  validateSelectorAndTemplate,
  validateSelectorUnchanged,
  type WorkloadWords,
} from './workload-template.ts';

const words: WorkloadWords = {
  emptySelector: 'empty selector is invalid for statefulset',
  badSelector: '',
  deadline: 'activeDeadlineSeconds in StatefulSet is not Supported',
};
const managementPolicies = ['OrderedReady', 'Parallel'];
const retentionPolicies = ['Retain', 'Delete'];

/** What an update may not change anyway is looked at when it is new. */
export function validateStatefulSetSpec(spec: StatefulSetSpec, isNew: boolean, errors: FieldError[]): void {
  const { podManagementPolicy, persistentVolumeClaimRetentionPolicy: retention, serviceName } = spec;
  if (podManagementPolicy === undefined || !managementPolicies.includes(podManagementPolicy))
    errors.push(invalid('spec.podManagementPolicy', podManagementPolicy, "must be 'OrderedReady' or 'Parallel'"));
  validateStrategy(spec.updateStrategy ?? {}, 'spec.updateStrategy', errors);
  for (const field of ['whenDeleted', 'whenScaled'] as const) {
    const policy = retention?.[field] ?? '';
    if (!retentionPolicies.includes(policy)) {
      const path = `spec.persistentVolumeClaimRetentionPolicy.${field}`;
      errors.push(notSupported(path, policy, retentionPolicies));
    }
  }
  validateNonNegatives(spec, ['replicas', 'minReadySeconds'], 'spec', errors);
  validateNonNegative(spec.ordinals?.start, 'spec.ordinals.start', errors);
  if (isNew) {
    for (const [index, claim] of (spec.volumeClaimTemplates ?? []).entries())
      validateClaimSpec(claim.spec ?? {}, `spec.volumeClaimTemplates[${index}].spec`, errors);
    if (serviceName) applyRule(dnsLabel, serviceName, 'spec.serviceName', errors);
  }
  const template = withClaims(spec);
  if (!validateSelectorAndTemplate(spec.selector, template, words, errors)) validateLifetime(template, words, errors);
}

/** The template as pods will see it: with a volume for every claim, which takes the place of one of the same name. */
function withClaims({ template, volumeClaimTemplates = [] }: StatefulSetSpec): PodTemplateSpec {
  if (volumeClaimTemplates.length === 0 || template.spec === undefined) return template;
  const names = new Set(volumeClaimTemplates.map(({ metadata }) => metadata.name ?? ''));
  const claims: readonly Volume[] = [...names].map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
  const others = (template.spec.volumes ?? []).filter(({ name }) => !names.has(name));
  return { ...template, spec: { ...template.spec, volumes: [...claims, ...others] } };
}

function validateStrategy(strategy: StatefulSetUpdateStrategy, path: string, errors: FieldError[]): void {
  const { type, rollingUpdate } = strategy;
  if (type === 'OnDelete') {
    if (rollingUpdate === undefined) return;
    const shown = goValue(rollingUpdate, 'apps.v1.RollingUpdateStatefulSetStrategy');
    const detail = "only allowed for updateStrategy 'RollingUpdate'";
    errors.push(invalid(`${path}.rollingUpdate`, shown, detail));
  } else if (type === 'RollingUpdate') {
    const { partition, maxUnavailable } = rollingUpdate ?? {};
    validateNonNegative(partition, `${path}.rollingUpdate.partition`, errors);
    if (maxUnavailable !== undefined)
      validateMaxUnavailable(maxUnavailable, `${path}.rollingUpdate.maxUnavailable`, errors);
  } else {
    const shown = goValue(strategy, 'apps.v1.StatefulSetUpdateStrategy');
    errors.push(invalid(path, shown, "must be 'RollingUpdate' or 'OnDelete'"));
  }
}

function validateMaxUnavailable(value: number | string, path: string, errors: FieldError[]): void {
  validateIntOrPercent(value, path, errors);
  if (numberOrPercent(value) === 0) errors.push(invalid(path, value, 'cannot be 0'));
  validateAtMost100Percent(value, path, errors);
}

/** What names the pods, their claims and their service stays; everything else may change. */
export function validateStatefulSetUpdate(
  { spec }: StatefulSet,
  { spec: old }: StatefulSet,
  errors: FieldError[],
): void {
  validateStatefulSetSpec(spec, false, errors);
  validateSelectorUnchanged(spec.selector, old.selector, errors);
  validateImmutable(
    spec.volumeClaimTemplates,
    old.volumeClaimTemplates,
    'spec.volumeClaimTemplates',
    errors,
    spec.volumeClaimTemplates?.map(shownClaim) ?? null,
  );
  validateImmutable(spec.serviceName ?? '', old.serviceName ?? '', 'spec.serviceName', errors);
  validateImmutable(spec.podManagementPolicy, old.podManagementPolicy, 'spec.podManagementPolicy', errors);
}

/** Metadata stands in an internal object without a name of its own. */
function shownClaim({ metadata, spec, status }: PersistentVolumeClaim): unknown {
  return {
    ...metadata,
    Spec: goValue(spec, 'core.v1.PersistentVolumeClaimSpec'),
    Status: goValue(status, 'core.v1.PersistentVolumeClaimStatus'),
  };
}

const statusNumbers = [
  'replicas',
  'readyReplicas',
  'currentReplicas',
  'updatedReplicas',
  'availableReplicas',
  'observedGeneration',
  'collisionCount',
] as const;

export function validateStatefulSetStatus(
  status: StatefulSetStatus,
  old: StatefulSetStatus,
  errors: FieldError[],
): void {
  validateNonNegatives(status, statusNumbers, 'status', errors);
  const { replicas, readyReplicas = 0, availableReplicas = 0 } = status;
  const counts = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'] as const;
  for (const name of counts) {
    const value = status[name] ?? 0;
    if (value > replicas) errors.push(invalid(`status.${name}`, value, 'cannot be greater than status.replicas'));
  }
  if (availableReplicas > readyReplicas) {
    const detail = 'cannot be greater than status.readyReplicas';
    errors.push(invalid('status.availableReplicas', availableReplicas, detail));
  }
  const { collisionCount } = status;
  if (old.collisionCount !== undefined && (collisionCount ?? -1) < old.collisionCount)
    errors.push(invalid('status.collisionCount', collisionCount ?? 0, 'cannot be decremented'));
}
