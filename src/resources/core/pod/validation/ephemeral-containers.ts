import type { FieldError } from '../../../../machinery/field-error.ts';
import { duplicate, forbidden, notFoundValue } from '../../../../machinery/field-errors.ts';
import type { EphemeralContainer, PodSpec } from '../../../schema/core-v1.generated.ts';
import { type PodSurroundings, validateContainer } from './containers.ts';

/** What a container has and an ephemeral one may not: that is for those that were planned. In the order of the API's types. */
const plannedOnly = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
] as const;

export function validateEphemeralContainers(
  spec: PodSpec,
  pod: PodSurroundings,
  path: string,
  errors: FieldError[],
): void {
  const others = [...spec.containers, ...(spec.initContainers ?? [])];
  const names = new Set(others.map(({ name }) => name));
  for (const [index, container] of (spec.ephemeralContainers ?? []).entries()) {
    const place = `${path}[${index}]`;
    validateContainer(container, pod, place, errors);
    if (names.has(container.name)) errors.push(duplicate(`${place}.name`, container.name));
    names.add(container.name);
    const target = container.targetContainerName;
    if (target && !others.some(({ name }) => name === target))
      errors.push(notFoundValue(`${place}.targetContainerName`, target));
    validateFields(container, place, errors);
  }
}

function validateFields(container: EphemeralContainer, path: string, errors: FieldError[]): void {
  for (const field of plannedOnly) {
    const value = container[field];
    // Resources are written even where they say nothing.
    const empty = value === undefined || (field === 'resources' && Object.keys(value).length === 0);
    if (!empty) errors.push(forbidden(`${path}.${field}`, 'cannot be set for an Ephemeral Container'));
  }
  for (const [index, { subPath, subPathExpr }] of (container.volumeMounts ?? []).entries()) {
    const detail = 'cannot be set for an Ephemeral Container';
    if (subPath) errors.push(forbidden(`${path}.volumeMounts[${index}].subPath`, detail));
    if (subPathExpr) errors.push(forbidden(`${path}.volumeMounts[${index}].subPathExpr`, detail));
  }
}
