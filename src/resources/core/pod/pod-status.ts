import type { FieldError } from '../../../machinery/field-error.ts';
import { duplicate, forbidden, internalFieldError, invalid } from '../../../machinery/field-errors.ts';
import { dnsSubdomain, qualifiedName } from '../../../machinery/names.ts';
import type { Draft } from '../../../machinery/object.ts';
import type { StatusRules } from '../../define.ts';
import type {
  ContainerRestartRule,
  ContainerStatus,
  Pod,
  PodIP,
  PodSpec,
  PodStatus,
} from '../../schema/core-v1.generated.ts';
import { shared } from '../../shared.ts';
import { ipWarnings } from '../../validation/address-warnings.ts';
import { applyRule } from '../../validation/apply-rule.ts';
import { goValue } from '../../validation/go-value.ts';
import { validateImmutable } from '../../validation/immutable.ts';
import { parseIpAddress, validateIpAddress } from '../../validation/ip-address.ts';
import { validateContainerUsers } from './container-users.ts';

const emptySpec: PodSpec = { containers: [] };

/** What kubelets, the scheduler and controllers may write to the status of a pod. */
export const podStatusRules: StatusRules<Pod> = {
  keeps: { 'f:metadata': { 'f:deletionTimestamp': {}, 'f:ownerReferences': {} } },

  prepareForUpdate(pod: Draft<Pod>, old: Pod): void {
    pod.spec = shared(old.spec ?? emptySpec);
    // Old kubelets corrupt owner references, and the time of deletion is not theirs to set.
    if (old.metadata.ownerReferences === undefined) delete pod.metadata.ownerReferences;
    else pod.metadata.ownerReferences = shared(old.metadata.ownerReferences);
    if (old.metadata.deletionTimestamp === undefined) delete pod.metadata.deletionTimestamp;
    else pod.metadata.deletionTimestamp = old.metadata.deletionTimestamp;
    pod.status ??= {};
    if (old.status?.qosClass !== undefined) pod.status.qosClass ??= old.status.qosClass;
    // Who does not know of generations forgets none.
    if (old.status?.observedGeneration) pod.status.observedGeneration ||= old.status.observedGeneration;
  },

  warnings({ status }: Pod): readonly string[] {
    const told = (name: string, all: readonly { readonly ip?: string | undefined }[] = []) =>
      all.flatMap(({ ip = '' }, index) => ipWarnings(`status.${name}[${index}].ip`, ip));
    return [...told('podIPs', status?.podIPs), ...told('hostIPs', status?.hostIPs)];
  },

  validateUpdate(pod: Pod, old: Pod, errors: FieldError[]): void {
    const status: PodStatus = pod.status ?? {};
    const oldStatus: PodStatus = old.status ?? {};
    validateGeneration(status.observedGeneration, 'status', errors);
    validateConditions(status, errors);
    const { nominatedNodeName } = status;
    if (nominatedNodeName && nominatedNodeName !== oldStatus.nominatedNodeName)
      applyRule(dnsSubdomain, nominatedNodeName, 'status.nominatedNodeName', errors);
    validateImmutable(status.qosClass, oldStatus.qosClass, 'status.qosClass', errors);
    const spec = old.spec ?? emptySpec;
    validateTransitions(status.containerStatuses, oldStatus.containerStatuses, spec, 'containerStatuses', errors);
    validateTransitions(
      status.initContainerStatuses,
      oldStatus.initContainerStatuses,
      spec,
      'initContainerStatuses',
      errors,
    );
    validateTransitions(
      status.ephemeralContainerStatuses,
      oldStatus.ephemeralContainerStatuses,
      { restartPolicy: 'Never', containers: [] },
      'ephemeralContainerStatuses',
      errors,
    );
    validateClaimStatuses(status, spec, errors);
    validateAddresses(status.podIPs ?? [], 'status.podIPs', 'core.v1.PodIP', errors);
    validateHostIps(status, errors);
    validateContainerUsers(status, spec, errors);
  },
};

function validateConditions({ conditions = [] }: PodStatus, errors: FieldError[]): void {
  const systemConditions = ['PodScheduled', 'Ready', 'Initialized'];
  for (const [index, { type, observedGeneration }] of conditions.entries()) {
    const path = `status.conditions[${index}]`;
    validateGeneration(observedGeneration, path, errors);
    if (!systemConditions.includes(type)) applyRule(qualifiedName, type, `${path}.Type`, errors);
  }
}

function validateGeneration(generation: number | undefined, path: string, errors: FieldError[]): void {
  if (generation !== undefined && generation < 0)
    errors.push(invalid(`${path}.observedGeneration`, generation, 'must be a non-negative integer'));
}

type Statuses = readonly ContainerStatus[] | undefined;

/** A container that has ended for good may not run again. */
function validateTransitions(
  statuses: Statuses,
  old: Statuses,
  spec: Pick<PodSpec, 'restartPolicy' | 'containers' | 'initContainers'>,
  field: string,
  errors: FieldError[],
): void {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  if (restartsAsAWhole(containers)) return;
  for (const [index, { name, state }] of (old ?? []).entries()) {
    const exitCode = state?.terminated?.exitCode;
    if (exitCode === undefined) continue;
    const container = containers.find((each) => each.name === name);
    const rules = container?.restartPolicyRules ?? [];
    if (mayRestart(container?.restartPolicy ?? spec.restartPolicy, exitCode)) continue;
    if (!rules.some((rule) => appliesTo(rule, exitCode)))
      refuseReturn(statuses, name, `status.${field}[${index}].state`, errors);
  }
}

/** A rule of one container, init containers included, can start all of them again (KEP-5532). */
function restartsAsAWhole(containers: PodSpec['containers']): boolean {
  return containers.some(({ restartPolicyRules = [] }) =>
    restartPolicyRules.some(({ action }) => action === 'RestartAllContainers'),
  );
}

function appliesTo({ exitCodes }: ContainerRestartRule, exitCode: number): boolean {
  const listed = exitCodes?.values?.includes(exitCode) ?? false;
  return exitCodes?.operator === 'In' ? listed : exitCodes?.operator === 'NotIn' && !listed;
}

function mayRestart(policy: string | undefined, exitCode: number): boolean {
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

function refuseReturn(statuses: Statuses, name: string, path: string, errors: FieldError[]): void {
  if (statuses?.some((each) => each.name === name && each.state?.terminated === undefined))
    errors.push(forbidden(path, 'may not be transitioned to non-terminated state'));
}

function validateClaimStatuses({ resourceClaimStatuses = [] }: PodStatus, spec: PodSpec, errors: FieldError[]): void {
  const known = new Set(spec.resourceClaims?.map(({ name }) => name));
  const seen = new Set<string>();
  for (const [index, { name, resourceClaimName }] of resourceClaimStatuses.entries()) {
    const path = `status.resourceClaimStatuses[${index}]`;
    if (!known.has(name))
      errors.push(invalid(`${path}.name`, name, 'must match the name of an entry in `spec.resourceClaims`'));
    if (resourceClaimName !== undefined)
      applyRule(dnsSubdomain, resourceClaimName, `${path}.resourceClaimName`, errors);
    if (seen.has(name)) errors.push(duplicate(`${path}.name`, name));
    seen.add(name);
  }
}

/** At most one address of each family. */
function validateAddresses(ips: readonly PodIP[], path: string, typeName: string, errors: FieldError[]): void {
  for (const [index, { ip }] of ips.entries()) validateIpAddress(ip, `${path}[${index}]`, errors);
  if (ips.length < 2) return;
  const families = ips.map(({ ip }) => parseIpAddress(ip)?.family);
  const unknown = families.indexOf(undefined);
  if (unknown >= 0) {
    const why = `invalid IP[${unknown}]: ${ips[unknown]?.ip ?? ''}`;
    errors.push(internalFieldError(path, `failed to check for dual stack with error:${why}`));
  }
  if (unknown >= 0 || ips.length > 2 || families[0] === families[1]) {
    const shown = ips.map((each) => goValue(each, typeName));
    errors.push(invalid(path, shown, 'may specify no more than one IP for each IP family'));
  }
}

function validateHostIps({ hostIP, hostIPs = [] }: PodStatus, errors: FieldError[]): void {
  const path = 'status.hostIPs';
  if (hostIPs.length === 0) return;
  if (hostIP !== hostIPs[0]?.ip) errors.push(invalid(`${path}[0].ip`, hostIPs[0]?.ip, 'must be equal to `hostIP`'));
  validateAddresses(hostIPs, path, 'core.v1.HostIP', errors);
}
