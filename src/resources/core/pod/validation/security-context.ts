import type { FieldError } from '../../../../machinery/field-error.ts';
import { duplicate, invalid, notSupported, required } from '../../../../machinery/field-errors.ts';
import { userId } from '../../../../machinery/names.ts';
import type { PodSecurityContext, PodSpec, SecurityContext, Sysctl } from '../../../schema/core-v1.generated.ts';
import { applyNumberRule } from '../../../validation/apply-rule.ts';
import { goValue } from '../../../validation/go-value.ts';
import { validateAppArmorProfile, validateSeccompProfile, validateWindowsOptions } from './profiles.ts';

const procMounts: ReadonlySet<string> = new Set(['Default', 'Unmasked']);
const groupChangePolicies: ReadonlySet<string> = new Set(['Always', 'OnRootMismatch']);
const groupsPolicies: ReadonlySet<string> = new Set(['Merge', 'Strict']);
const labelChangePolicies: ReadonlySet<string> = new Set(['MountOption', 'Recursive']);
const sysctlPattern = '^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$';
const sysctlName = new RegExp(sysctlPattern);
const maxSysctlName = 253;

export function validateContainerSecurityContext(
  context: SecurityContext,
  hostUsers: boolean,
  path: string,
  errors: FieldError[],
): void {
  const { runAsUser, runAsGroup, procMount, seccompProfile, windowsOptions, appArmorProfile } = context;
  if (runAsUser !== undefined) applyNumberRule(userId, runAsUser, `${path}.runAsUser`, errors);
  if (runAsGroup !== undefined) applyNumberRule(userId, runAsGroup, `${path}.runAsGroup`, errors);
  if (procMount !== undefined) validateProcMount(procMount, hostUsers, `${path}.procMount`, errors);
  if (seccompProfile !== undefined) validateSeccompProfile(seccompProfile, `${path}.seccompProfile`, errors);
  validateEscalation(context, path, errors);
  if (windowsOptions !== undefined) validateWindowsOptions(windowsOptions, `${path}.windowsOptions`, errors);
  if (appArmorProfile !== undefined) validateAppArmorProfile(appArmorProfile, `${path}.appArmorProfile`, errors);
}

function validateProcMount(procMount: string, hostUsers: boolean, path: string, errors: FieldError[]): void {
  if (!procMounts.has(procMount)) errors.push(notSupported(path, procMount, procMounts));
  if (procMount === 'Unmasked' && hostUsers)
    errors.push(invalid(path, procMount, '`hostUsers` must be false to use `Unmasked`'));
}

function validateEscalation(context: SecurityContext, path: string, errors: FieldError[]): void {
  if (context.allowPrivilegeEscalation !== false) return;
  const refuse = (what: string) => {
    const detail = `cannot set \`allowPrivilegeEscalation\` to false and ${what}`;
    errors.push(invalid(path, goValue(context, 'core.v1.SecurityContext'), detail));
  };
  if (context.privileged === true) refuse('`privileged` to true');
  for (const capability of context.capabilities?.add ?? [])
    if (capability === 'CAP_SYS_ADMIN') refuse('`capabilities.Add` CAP_SYS_ADMIN');
}

export function validatePodSecurityContext(spec: PodSpec, specPath: string, errors: FieldError[]): void {
  const path = `${specPath}.securityContext`;
  const context: PodSecurityContext = spec.securityContext ?? {};
  const { fsGroup, runAsUser, runAsGroup, supplementalGroups = [], sysctls = [] } = context;
  validateHostPorts(spec, specPath, errors);
  if (fsGroup !== undefined) applyNumberRule(userId, fsGroup, `${path}.fsGroup`, errors);
  if (runAsUser !== undefined) applyNumberRule(userId, runAsUser, `${path}.runAsUser`, errors);
  if (runAsGroup !== undefined) applyNumberRule(userId, runAsGroup, `${path}.runAsGroup`, errors);
  for (const [index, group] of supplementalGroups.entries())
    applyNumberRule(userId, group, `${path}.supplementalGroups[${index}]`, errors);
  if (spec.shareProcessNamespace === true && spec.hostPID === true) {
    const detail = 'ShareProcessNamespace and HostPID cannot both be enabled';
    errors.push(invalid(`${specPath}.shareProcessNamespace`, true, detail));
  }
  validateSysctls(sysctls, spec, `${path}.sysctls`, errors);
  validateChoice(context.fsGroupChangePolicy, groupChangePolicies, `${path}.fsGroupChangePolicy`, errors);
  const { seccompProfile, windowsOptions, appArmorProfile } = context;
  if (seccompProfile !== undefined) validateSeccompProfile(seccompProfile, `${path}.seccompProfile`, errors);
  if (windowsOptions !== undefined) validateWindowsOptions(windowsOptions, `${path}.windowsOptions`, errors);
  if (appArmorProfile !== undefined) validateAppArmorProfile(appArmorProfile, `${path}.appArmorProfile`, errors);
  validateChoice(context.supplementalGroupsPolicy, groupsPolicies, `${path}.supplementalGroupsPolicy`, errors);
  validateChoice(context.seLinuxChangePolicy, labelChangePolicies, `${path}.seLinuxChangePolicy`, errors);
}

function validateChoice(
  value: string | undefined,
  supported: ReadonlySet<string>,
  path: string,
  errors: FieldError[],
): void {
  if (value !== undefined && !supported.has(value)) errors.push(notSupported(path, value, supported));
}

/** In the host's network a container's port is the host's. */
function validateHostPorts(spec: PodSpec, path: string, errors: FieldError[]): void {
  if (spec.hostNetwork !== true) return;
  for (const [index, { ports = [] }] of spec.containers.entries()) {
    for (const [at, { hostPort = 0, containerPort }] of ports.entries()) {
      if (hostPort === 0 || hostPort === containerPort) continue;
      const detail = 'must match `containerPort` when `hostNetwork` is true';
      errors.push(invalid(`${path}.containers[${index}].ports[${at}].hostPort`, hostPort, detail));
    }
  }
}

function validateSysctls(sysctls: readonly Sysctl[], spec: PodSpec, path: string, errors: FieldError[]): void {
  const names = new Set<string>();
  for (const [index, { name }] of sysctls.entries()) {
    const place = `${path}[${index}].name`;
    const dotted = dottedSysctl(name);
    if (!name) errors.push(required(place));
    else if (name.length > maxSysctlName || !sysctlName.test(name)) {
      const detail = `must have at most ${maxSysctlName} characters and match regex ${sysctlPattern}`;
      errors.push(invalid(place, name, detail));
    } else if (names.has(name)) errors.push(duplicate(place, name));
    validateHostSysctl(name, dotted, spec, place, errors);
    names.add(name);
  }
}

/** `net/ipv4/conf/eth0.1/x` and `net.ipv4.conf.eth0/1.x` are the same: the first separator decides. */
function dottedSysctl(name: string): string {
  const separator = /[./]/.exec(name)?.[0];
  return separator === '/' ? name.replaceAll(/[./]/g, (each) => (each === '/' ? '.' : '/')) : name;
}

/** What belongs to the IPC namespace. */
const ipcSysctls: ReadonlySet<string> = new Set([
  'kernel.sem',
  'kernel.shmall',
  'kernel.shmmax',
  'kernel.shmmni',
  'kernel.shm_rmid_forced',
  'kernel.msgmax',
  'kernel.msgmnb',
  'kernel.msgmni',
]);

function validateHostSysctl(name: string, dotted: string, spec: PodSpec, path: string, errors: FieldError[]): void {
  const ofIpc = ipcSysctls.has(dotted) || dotted.startsWith('fs.mqueue.');
  if (ofIpc && spec.hostIPC === true) errors.push(invalid(path, name, "may not be specified when 'hostIPC' is true"));
  if (dotted.startsWith('net.') && spec.hostNetwork === true)
    errors.push(invalid(path, name, "may not be specified when 'hostNetwork' is true"));
}
