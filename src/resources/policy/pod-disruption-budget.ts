import type { FieldError } from '../../machinery/field-error.ts';
import { invalid, notSupported } from '../../machinery/field-errors.ts';
import { validateLabelSelector } from '../../machinery/label-selector.ts';
import { pathSegmentName } from '../../machinery/names.ts';
import { type Draft, draft } from '../../machinery/object.ts';
import { ageSince } from '../../machinery/time.ts';
import { define } from '../define.ts';
import { equal } from '../equal.ts';
import type {
  PodDisruptionBudget,
  PodDisruptionBudgetSpec,
  PodDisruptionBudgetStatus,
} from '../schema/policy-v1.generated.ts';
import { podDisruptionBudgets } from '../schema/resource-types.generated.ts';
import { shared } from '../shared.ts';
import { validateConditions } from '../validation/conditions.ts';
import { goValue } from '../validation/go-value.ts';
import { validateAtMost100Percent, validateIntOrPercent, validateNonNegatives } from '../validation/numbers.ts';

/** By this label an older version said that a selector selects everything, or nothing. */
const reservedKey = 'pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match';
const policies = ['AlwaysAllow', 'IfHealthyBudget'];
const noPods: PodDisruptionBudgetStatus = {
  disruptionsAllowed: 0,
  currentHealthy: 0,
  desiredHealthy: 0,
  expectedPods: 0,
};

export const podDisruptionBudgetDefinition = define<PodDisruptionBudget>(podDisruptionBudgets, {
  anyFinalizer: true,
  storage: { keyPrefix: '/registry/poddisruptionbudgets/' },
  setDefaults(budget) {
    budget.spec ??= {};
    budget.status = { ...draft(noPods), ...budget.status };
  },
  validateName: pathSegmentName,
  prepareForCreate(budget) {
    budget.status = draft(noPods);
    simplifySelector(budget);
  },
  prepareForUpdate(budget, old) {
    budget.status = shared(old.status ?? noPods);
    simplifySelector(budget);
  },
  validate: ({ spec = {} }, errors) => validateSpec(spec, errors),
  changesGeneration: (budget, old) => !equal(budget.spec, old.spec),
  unconditionalUpdate: false,
  status: {
    prepareForUpdate(budget, old) {
      budget.spec = shared(old.spec ?? {});
    },
    validateUpdate({ status = noPods }, _old, errors) {
      validateConditions(status.conditions ?? [], 'status.conditions', errors);
      const numbers = ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const;
      validateNonNegatives(status, numbers, 'status', errors);
    },
  },
  row: ({ metadata, spec = {}, status = noPods }, now) => [
    metadata.name ?? '',
    String(spec.minAvailable ?? 'N/A'),
    String(spec.maxUnavailable ?? 'N/A'),
    status.disruptionsAllowed ?? 0,
    ageSince(metadata.creationTimestamp, now),
  ],
});

/** The reserved label alone keeps its meaning; beside anything else it has none and goes. */
function simplifySelector({ spec }: Draft<PodDisruptionBudget>): void {
  const selector = spec?.selector;
  if (spec === undefined || selector?.matchExpressions === undefined) return;
  const { matchLabels = {}, matchExpressions } = selector;
  const [first] = matchExpressions;
  const alone = Object.keys(matchLabels).length === 0 && matchExpressions.length === 1 && first?.key === reservedKey;
  if (alone && first.operator === 'DoesNotExist') spec.selector = {};
  if (alone) return;
  const kept = matchExpressions.filter(({ key }) => key !== reservedKey);
  if (kept.length > 0) selector.matchExpressions = kept;
  else delete selector.matchExpressions;
}

function validateSpec(spec: PodDisruptionBudgetSpec, errors: FieldError[]): void {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy } = spec;
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    const shown = goValue(spec, 'policy.v1.PodDisruptionBudgetSpec');
    errors.push(invalid('spec', shown, 'minAvailable and maxUnavailable cannot be both set'));
  }
  for (const [name, value] of Object.entries({ minAvailable, maxUnavailable })) {
    if (value === undefined) continue;
    validateIntOrPercent(value, `spec.${name}`, errors);
    validateAtMost100Percent(value, `spec.${name}`, errors);
  }
  if (selector !== undefined) errors.push(...validateLabelSelector(selector, 'spec.selector'));
  if (unhealthyPodEvictionPolicy !== undefined && !policies.includes(unhealthyPodEvictionPolicy))
    errors.push(notSupported('spec.unhealthyPodEvictionPolicy', unhealthyPodEvictionPolicy, policies));
}
