import type { FieldError } from '../../../../machinery/field-error.ts';
import { duplicate, forbidden, notSupported, required, tooLong } from '../../../../machinery/field-errors.ts';
import { byteLength } from '../../../../machinery/go-text.ts';
import { dnsLabel, dnsSubdomain, inRange, qualifiedName } from '../../../../machinery/names.ts';
import { validateLabels } from '../../../../machinery/object-meta.ts';
import type { PodSchedulingGate, PodSpec } from '../../../schema/core-v1.generated.ts';
import { applyNumberRule, applyRule } from '../../../validation/apply-rule.ts';
import { validateAffinity } from './affinity.ts';
import { type PodSurroundings, validateContainers, validateInitContainers } from './containers.ts';
import { validateDnsConfig, validateDnsPolicy, validateHostAliases } from './dns.ts';
import { validateEnvVolumes } from './env.ts';
import { validateEphemeralContainers } from './ephemeral-containers.ts';
import { validateOperatingSystem } from './operating-system.ts';
import { validatePodResources, validateResourceClaims } from './pod-resources.ts';
import { validateContainerResources } from './resources.ts';
import { validatePodSecurityContext } from './security-context.ts';
import { validateTolerations } from './tolerations.ts';
import { validateTopologySpread } from './topology-spread.ts';
import { validateVolumes } from './volumes.ts';
import { validateWindowsHostProcess } from './windows-host-process.ts';

const restartPolicies = ['Always', 'OnFailure', 'Never'];
const preemptionPolicies = ['PreemptLowerPriority', 'Never'];
const maxHostname = 64;
const maxInt32 = 2_147_483_647;
const noClaims: ReadonlySet<string> = new Set();

/** The rules for the spec of a pod that hold in templates too. `podName` is empty there. */
export function validatePodSpec(spec: PodSpec, podName: string, path: string, errors: FieldError[]): void {
  const volumes = validateVolumes(spec.volumes ?? [], podName, `${path}.volumes`, errors);
  const { resourceClaims } = spec;
  const claims =
    resourceClaims === undefined ? noClaims : validateResourceClaims(resourceClaims, `${path}.resourceClaims`, errors);
  const pod: PodSurroundings = {
    volumes,
    claims,
    graceSeconds: spec.terminationGracePeriodSeconds ?? 0,
    restartPolicy: spec.restartPolicy ?? '',
    hostUsers: spec.hostUsers !== false,
  };
  validateContainers(spec.containers, pod, `${path}.containers`, errors);
  validateInitContainers(spec.initContainers ?? [], spec.containers, pod, `${path}.initContainers`, errors);
  if (spec.ephemeralContainers !== undefined)
    validateEphemeralContainers(spec, pod, `${path}.ephemeralContainers`, errors);
  validatePodResources(spec, claims, `${path}.resources`, errors);
  validateChoice(spec.restartPolicy, restartPolicies, `${path}.restartPolicy`, errors);
  validateDnsPolicy(spec.dnsPolicy, `${path}.dnsPolicy`, errors);
  if (spec.nodeSelector !== undefined) errors.push(...validateLabels(spec.nodeSelector, `${path}.nodeSelector`));
  validatePodSecurityContext(spec, path, errors);
  if (spec.affinity !== undefined) validateAffinity(spec.affinity, `${path}.affinity`, errors);
  validateDnsConfig(spec.dnsConfig, spec.dnsPolicy, `${path}.dnsConfig`, errors);
  validateScheduling(spec, path, errors);
  validateWindowsHostProcess(spec, path, errors);
  if (spec.hostUsers === false) validateHostUsers(spec, path, errors);
  validateNames(spec, path, errors);
  validateRest(spec, path, errors);
  validateEnvVolumes(spec, volumes, path, errors);
}

function validateChoice(
  value: string | undefined,
  supported: readonly string[],
  path: string,
  errors: FieldError[],
): void {
  if (!value) errors.push(required(path));
  else if (!supported.includes(value)) errors.push(notSupported(path, value, supported));
}

function validateScheduling(spec: PodSpec, path: string, errors: FieldError[]): void {
  for (const [index, { conditionType }] of (spec.readinessGates ?? []).entries())
    applyRule(qualifiedName, conditionType, `${path}.readinessGates[${index}].conditionType`, errors);
  validateSchedulingGates(spec.schedulingGates ?? [], `${path}.schedulingGates`, errors);
  if (spec.topologySpreadConstraints !== undefined)
    validateTopologySpread(spec.topologySpreadConstraints, `${path}.topologySpreadConstraints`, errors);
}

function validateSchedulingGates(gates: readonly PodSchedulingGate[], path: string, errors: FieldError[]): void {
  const seen = new Set<string>();
  for (const [index, { name }] of gates.entries()) {
    applyRule(qualifiedName, name, `${path}[${index}]`, errors);
    if (seen.has(name)) errors.push(duplicate(`${path}[${index}]`, name));
    seen.add(name);
  }
}

/** A pod in a user namespace of its own cannot share the host's others, nor use raw devices. */
function validateHostUsers(spec: PodSpec, path: string, errors: FieldError[]): void {
  const detail = 'when `hostUsers` is false';
  const groups = [
    ['containers', spec.containers],
    ['initContainers', spec.initContainers ?? []],
    ['ephemeralContainers', spec.ephemeralContainers ?? []],
  ] as const;
  for (const [field, containers] of groups)
    for (const [index, { volumeDevices = [] }] of containers.entries())
      if (volumeDevices.length > 0) errors.push(forbidden(`${path}.${field}[${index}].volumeDevices`, detail));
  if (spec.hostNetwork === true) errors.push(forbidden(`${path}.hostNetwork`, detail));
  if (spec.hostPID === true) errors.push(forbidden(`${path}.HostPID`, detail));
  if (spec.hostIPC === true) errors.push(forbidden(`${path}.HostIPC`, detail));
}

function validateNames(spec: PodSpec, path: string, errors: FieldError[]): void {
  const { hostnameOverride, hostname, subdomain, serviceAccountName, nodeName, activeDeadlineSeconds } = spec;
  if (hostnameOverride !== undefined) validateHostnameOverride(spec, hostnameOverride, path, errors);
  if (serviceAccountName) applyRule(dnsSubdomain, serviceAccountName, `${path}.serviceAccountName`, errors);
  if (nodeName) applyRule(dnsSubdomain, nodeName, `${path}.nodeName`, errors);
  if (activeDeadlineSeconds !== undefined)
    applyNumberRule(
      (value) => inRange(value, 1, maxInt32),
      activeDeadlineSeconds,
      `${path}.activeDeadlineSeconds`,
      errors,
    );
  if (hostname) applyRule(dnsLabel, hostname, `${path}.hostname`, errors);
  if (subdomain) applyRule(dnsLabel, subdomain, `${path}.subdomain`, errors);
}

function validateHostnameOverride(spec: PodSpec, name: string, path: string, errors: FieldError[]): void {
  const place = `${path}.hostnameOverride`;
  if (spec.hostNetwork === true) errors.push(forbidden(place, 'may not be specified when hostNetwork is true'));
  if (spec.setHostnameAsFQDN === true)
    errors.push(forbidden(place, 'may not be specified when setHostnameAsFQDN is true'));
  if (byteLength(name) > maxHostname) errors.push(tooLong(place, maxHostname));
  applyRule(dnsSubdomain, name, place, errors);
}

function validateRest(spec: PodSpec, path: string, errors: FieldError[]): void {
  const { tolerations, hostAliases, priorityClassName, runtimeClassName, preemptionPolicy, overhead } = spec;
  if (tolerations !== undefined) validateTolerations(tolerations, `${path}.tolerations`, errors);
  if (hostAliases !== undefined) validateHostAliases(hostAliases, `${path}.hostAliases`, errors);
  if (priorityClassName) applyRule(dnsSubdomain, priorityClassName, `${path}.priorityClassName`, errors);
  if (runtimeClassName !== undefined) applyRule(dnsSubdomain, runtimeClassName, `${path}.runtimeClassName`, errors);
  if (preemptionPolicy !== undefined)
    validateChoice(preemptionPolicy, preemptionPolicies, `${path}.preemptionPolicy`, errors);
  if (overhead !== undefined) validateContainerResources({ limits: overhead }, noClaims, `${path}.overhead`, errors);
  validateOperatingSystem(spec, path, errors);
}
