import type { FieldError } from '../../../../machinery/field-error.ts';
import { duplicate, forbidden, invalid, required } from '../../../../machinery/field-errors.ts';
import { dnsLabel } from '../../../../machinery/names.ts';
import type { Volume } from '../../../schema/core-v1.generated.ts';
import { applyRule } from '../../../validation/apply-rule.ts';
import { type SourceRule, volumeSources } from './volume-sources.ts';

const rules = new Map<string, unknown>(volumeSources);
const maxIscsiName = 64;

/** Checks the volumes of a pod, and answers the good ones by name for the containers to mount. `podName` is empty in templates. */
export function validateVolumes(
  volumes: readonly Volume[],
  podName: string,
  path: string,
  errors: FieldError[],
): ReadonlyMap<string, Volume> {
  const good = new Map<string, Volume>();
  for (const [index, volume] of volumes.entries()) {
    const before = errors.length;
    const place = `${path}[${index}]`;
    validateSource(volume, podName, place, errors);
    if (!volume.name) errors.push(required(`${place}.name`));
    else applyRule(dnsLabel, volume.name, `${place}.name`, errors);
    if (good.has(volume.name)) errors.push(duplicate(`${place}.name`, volume.name));
    if (errors.length === before) good.set(volume.name, volume);
  }
  return good;
}

function validateSource(volume: Volume, podName: string, path: string, errors: FieldError[]): void {
  const only = onlySource(volume);
  const rule = only === undefined ? undefined : rules.get(only);
  if (only === undefined || rule === undefined || only === 'iscsi') validateSources(volume, podName, path, errors);
  else (rule as SourceRule<Volume[typeof only]>)(volume[only], path, errors, { volumeName: volume.name, podName });
}

/** The one source of a volume, which nearly every volume has. */
function onlySource(volume: Volume): Exclude<keyof Volume, 'name'> | undefined {
  let found: Exclude<keyof Volume, 'name'> | undefined;
  for (const key in volume) {
    const name = key as keyof Volume;
    if (name === 'name' || volume[name] === undefined) continue;
    if (found !== undefined) return undefined;
    found = name;
  }
  return found;
}

/** How Kubernetes calls a source that is one too many, where it is not called by its field. */
const toldNames: Readonly<Record<string, string>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' };

function validateSources(volume: Volume, podName: string, path: string, errors: FieldError[]): void {
  let sources = 0;
  for (const [name, rule] of volumeSources) {
    const source = volume[name];
    if (source === undefined) continue;
    if (sources++ > 0)
      errors.push(forbidden(`${path}.${toldNames[name] ?? name}`, 'may not specify more than 1 volume type'));
    else (rule as SourceRule<typeof source>)(source, path, errors, { volumeName: volume.name, podName });
    if (name === 'iscsi') validateIscsiName(volume, path, errors);
  }
  if (sources === 0) errors.push(required(path, 'must specify a volume type'));
}

function validateIscsiName({ name, iscsi }: Volume, path: string, errors: FieldError[]): void {
  if (iscsi?.initiatorName === undefined || `${name}:${iscsi.targetPortal}`.length <= maxIscsiName) return;
  const detail =
    'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';
  errors.push(invalid(`${path}.name`, name, detail));
}
