import type { FieldError } from '../../../../machinery/field-error.ts';
import { invalid, notFoundValue, required } from '../../../../machinery/field-errors.ts';
import { configMapKey, dnsLabel, dnsSubdomain, relaxedEnvVarName } from '../../../../machinery/names.ts';
import type {
  ConfigMapKeySelector,
  Container,
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  FileKeySelector,
  PodSpec,
  Volume,
} from '../../../schema/core-v1.generated.ts';
import { applyRule } from '../../../validation/apply-rule.ts';
import { environmentFields, validateFieldRef, validateResourceFieldRef } from './field-references.ts';
import { validateFilePath } from './paths.ts';

export function validateEnv(variables: readonly EnvVar[], path: string, errors: FieldError[]): void {
  for (const [index, variable] of variables.entries()) {
    const place = `${path}[${index}]`;
    if (!variable.name) errors.push(required(`${place}.name`));
    else applyRule(relaxedEnvVarName, variable.name, `${place}.name`, errors);
    if (variable.valueFrom !== undefined) validateSource(variable.valueFrom, variable.value, place, errors);
  }
}

function validateSource(source: EnvVarSource, value: string | undefined, place: string, errors: FieldError[]): void {
  const path = `${place}.valueFrom`;
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source;
  let sources = 0;
  if (fieldRef !== undefined && ++sources) validateFieldRef(fieldRef, environmentFields, `${path}.fieldRef`, errors);
  if (resourceFieldRef !== undefined && ++sources)
    validateResourceFieldRef(resourceFieldRef, false, `${path}.resourceFieldRef`, errors);
  if (configMapKeyRef !== undefined && ++sources) validateKeyRef(configMapKeyRef, `${path}.configMapKeyRef`, errors);
  if (secretKeyRef !== undefined && ++sources) validateKeyRef(secretKeyRef, `${path}.secretKeyRef`, errors);
  if (fileKeyRef !== undefined && ++sources) validateFileKeyRef(fileKeyRef, `${path}.fileKeyRef`, errors);
  const names = '`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`';
  if (sources === 0) errors.push(invalid(path, '', `must specify one of: ${names}`));
  else if (value) errors.push(invalid(path, '', 'may not be specified when `value` is not empty'));
  else if (sources > 1) errors.push(invalid(path, '', 'may not have more than one field specified at a time'));
}

function validateKeyRef({ name, key }: ConfigMapKeySelector, path: string, errors: FieldError[]): void {
  applyRule(dnsSubdomain, name ?? '', `${path}.name`, errors);
  if (!key) errors.push(required(`${path}.key`));
  else applyRule(configMapKey, key, `${path}.key`, errors);
}

function validateFileKeyRef(
  { volumeName, key, path: file }: FileKeySelector,
  path: string,
  errors: FieldError[],
): void {
  if (!key) errors.push(required(`${path}.key`));
  else applyRule(relaxedEnvVarName, key, `${path}.key`, errors);
  if (!volumeName) errors.push(required(`${path}.volumeName`));
  else applyRule(dnsLabel, volumeName, `${path}.volumeName`, errors);
  if (!file) errors.push(required(`${path}.path`));
  else validateFilePath(file.replace(/^\/+/, ''), `${path}.path`, errors);
}

/** Variables out of a file need the volume with that file. */
export function validateEnvVolumes(
  spec: PodSpec,
  volumes: ReadonlyMap<string, Volume>,
  path: string,
  errors: FieldError[],
): void {
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const)
    for (const [index, container] of (spec[list] ?? []).entries())
      validateFileVolumes(container, volumes, `${path}.${list}[${index}]`, errors);
}

function validateFileVolumes(
  { env = [] }: Pick<Container, 'env'>,
  volumes: ReadonlyMap<string, Volume>,
  path: string,
  errors: FieldError[],
): void {
  for (const [index, { valueFrom }] of env.entries()) {
    const name = valueFrom?.fileKeyRef?.volumeName;
    if (name === undefined) continue;
    const place = `${path}.env[${index}].valueFrom.fileKeyRef.volumeName`;
    const volume = volumes.get(name);
    if (volume === undefined) errors.push(notFoundValue(place, name));
    else if (volume.emptyDir === undefined)
      errors.push(invalid(place, name, 'referenced volume must be of type emptyDir'));
  }
}

export function validateEnvFrom(sources: readonly EnvFromSource[], path: string, errors: FieldError[]): void {
  for (const [index, { prefix, configMapRef, secretRef }] of sources.entries()) {
    const place = `${path}[${index}]`;
    if (prefix) applyRule(relaxedEnvVarName, prefix, `${place}.prefix`, errors);
    if (configMapRef !== undefined) validateName(configMapRef.name, `${place}.configMapRef.name`, errors);
    if (secretRef !== undefined) validateName(secretRef.name, `${place}.secretRef.name`, errors);
    if (configMapRef === undefined && secretRef === undefined)
      errors.push(invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
    else if (configMapRef !== undefined && secretRef !== undefined)
      errors.push(invalid(path, '', 'may not have more than one field specified at a time'));
  }
}

function validateName(name: string | undefined, path: string, errors: FieldError[]): void {
  if (!name) errors.push(required(path));
  else applyRule(dnsSubdomain, name, path, errors);
}
