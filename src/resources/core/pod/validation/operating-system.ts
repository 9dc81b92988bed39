import type { FieldError } from '../../../../machinery/field-error.ts';
import { forbidden, notSupported, required } from '../../../../machinery/field-errors.ts';
import type { Container, PodSecurityContext, PodSpec, SecurityContext } from '../../../schema/core-v1.generated.ts';

const supported: ReadonlySet<string> = new Set(['linux', 'windows']);

/** A pod that says for which operating system it is may not set what only another one has. */
export function validateOperatingSystem(spec: PodSpec, path: string, errors: FieldError[]): void {
  if (spec.os === undefined) return;
  const { name } = spec.os;
  if (!name) errors.push(required(`${path}.os.name`));
  else if (!supported.has(name)) errors.push(notSupported(`${path}.os`, name, supported));
  else if (name === 'linux') validateLinux(spec, path, errors);
  else validateWindows(spec, path, errors);
}

function containersOf(spec: PodSpec, path: string): readonly (readonly [string, Container])[] {
  const numbered = (field: string, containers: readonly Container[]) =>
    containers.map((container, index) => [`${path}.${field}[${index}].securityContext`, container] as const);
  return [
    ...numbered('containers', spec.containers),
    ...numbered('initContainers', spec.initContainers ?? []),
    ...numbered('ephemeralContainers', spec.ephemeralContainers ?? []),
  ];
}

function validateLinux(spec: PodSpec, path: string, errors: FieldError[]): void {
  const detail = 'windows options cannot be set for a linux pod';
  if (spec.securityContext?.windowsOptions !== undefined)
    errors.push(forbidden(`${path}.securityContext.windowsOptions`, detail));
  for (const [place, { securityContext }] of containersOf(spec, path))
    if (securityContext?.windowsOptions !== undefined) errors.push(forbidden(`${place}.windowsOptions`, detail));
}

const podContextFields: readonly (keyof PodSecurityContext)[] = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
];
const podFields = ['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace'] as const;
const containerFields: readonly (keyof SecurityContext)[] = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
];

function validateWindows(spec: PodSpec, path: string, errors: FieldError[]): void {
  const detail = 'cannot be set for a windows pod';
  const context: PodSecurityContext = spec.securityContext ?? {};
  for (const field of podContextFields)
    if (context[field] !== undefined) errors.push(forbidden(`${path}.securityContext.${field}`, detail));
  for (const field of podFields)
    if (spec[field] !== undefined && (field === 'hostUsers' || spec[field] === true))
      errors.push(forbidden(`${path}.${field}`, detail));
  for (const [place, { securityContext }] of containersOf(spec, path))
    for (const field of containerFields)
      if (securityContext?.[field] !== undefined) errors.push(forbidden(`${place}.${field}`, detail));
}
