import type { Container, ContainerRestartRule, Pod } from '../../resources/schema/core-v1.generated.ts';

/** A sidecar: an init container that is kept running. */
export function isRestartableInit(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

/** Whether a container that ended so is started again: its own rules first (KEP-5307), then its own policy, then the pod's. */
export function restartsAfter(container: Container, pod: Pod, exitCode: number): boolean {
  if (matchingRule(container, exitCode) !== undefined) return true;
  switch (policyOf(container, pod)) {
    case 'Never':
      return false;
    case 'OnFailure':
      return exitCode !== 0;
    default:
      return true;
  }
}

/** The first of a container's own rules for such an end. */
export function matchingRule(container: Container, exitCode: number): ContainerRestartRule | undefined {
  if (container.restartPolicy === undefined) return undefined;
  return container.restartPolicyRules?.find((rule) => matches(rule, exitCode));
}

/** Whether a container that is killed for its own good (a failed probe) comes back; there is no exit code for rules to look at. */
export function restartsWhenKilled(container: Container, pod: Pod): boolean {
  return policyOf(container, pod) !== 'Never';
}

/** `Always`, `OnFailure` or `Never`. */
export function policyOf(container: Container, pod: Pod): string {
  return container.restartPolicy ?? pod.spec?.restartPolicy ?? 'Always';
}

function matches(rule: ContainerRestartRule, exitCode: number): boolean {
  if (rule.exitCodes === undefined) return false;
  const listed = rule.exitCodes.values?.includes(exitCode) ?? false;
  return rule.exitCodes.operator === 'NotIn' ? !listed : listed;
}
