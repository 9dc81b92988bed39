import type {
  PodFailurePolicy,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyRule,
} from '../../resources/schema/batch-v1.generated.ts';
import type { ContainerStatus, Pod } from '../../resources/schema/core-v1.generated.ts';

/** What a failure policy makes of a failed pod (KEP-3329). */
export interface Judgement {
  /** What the rule that matched says; undefined when none did. */
  readonly action?: string;
  /** Whether the failure counts towards the limits. */
  readonly counts: boolean;
  /** Why the whole job fails because of it. */
  readonly failsJob?: string;
  readonly failsIndex?: boolean;
}

const counted: Judgement = { counts: true };

/** The first rule that matches decides; without one the failure counts. */
export function judgePod(policy: PodFailurePolicy | undefined, pod: Pod): Judgement {
  for (const [index, rule] of (policy?.rules ?? []).entries()) {
    const why = matchRule(rule, pod);
    if (why === undefined) continue;
    switch (rule.action) {
      case 'Ignore':
        return { action: rule.action, counts: false };
      case 'FailIndex':
        return { action: rule.action, counts: true, failsIndex: true };
      case 'FailJob':
        return { action: rule.action, counts: true, failsJob: `${why} matching FailJob rule at index ${index}` };
      case 'Count':
        return { action: rule.action, counts: true };
    }
  }
  return counted;
}

/** In what way the pod matches; undefined when it does not. */
function matchRule({ onExitCodes, onPodConditions = [] }: PodFailurePolicyRule, pod: Pod): string | undefined {
  const { status } = pod;
  const podName = `${pod.metadata.namespace}/${pod.metadata.name}`;
  if (onExitCodes !== undefined) {
    const container =
      matchContainer(status?.containerStatuses, onExitCodes) ??
      matchContainer(status?.initContainerStatuses, onExitCodes);
    if (container === undefined) return undefined;
    return `Container ${container.name} for pod ${podName} failed with exit code ${container.state?.terminated?.exitCode}`;
  }
  const condition = status?.conditions?.find((each) =>
    onPodConditions.some((pattern) => pattern.type === each.type && (pattern.status ?? 'True') === each.status),
  );
  return condition && `Pod ${podName} has condition ${condition.type}`;
}

function matchContainer(
  statuses: readonly ContainerStatus[] | undefined,
  { containerName, operator, values }: PodFailurePolicyOnExitCodesRequirement,
): ContainerStatus | undefined {
  return statuses?.find(({ name, state }) => {
    const exitCode = state?.terminated?.exitCode ?? 0;
    if (exitCode === 0 || (containerName !== undefined && containerName !== name)) return false;
    return values.includes(exitCode) === (operator === 'In');
  });
}
