import type { FieldError } from '../../machinery/field-error.ts';
import { forbidden, invalid, tooLong } from '../../machinery/field-errors.ts';
import { byteLength } from '../../machinery/go-text.ts';
import { configMapKey, nameIsDnsSubdomain } from '../../machinery/names.ts';
import { ageSince } from '../../machinery/time.ts';
import { define } from '../define.ts';
import { equal } from '../equal.ts';
import type { ConfigMap } from '../schema/core-v1.generated.ts';
import { configMaps } from '../schema/resource-types.generated.ts';
import { applyRule } from '../validation/apply-rule.ts';
import { decodedLength, maxDataBytes } from './data-size.ts';

export const configMapDefinition = define<ConfigMap>(configMaps, {
  metadataAsNew: true,
  storage: { keyPrefix: '/registry/configmaps/' },
  validateName: nameIsDnsSubdomain,
  validate,
  validateUpdate(configMap, old, errors) {
    if (old.immutable === true) validateUnchanged(configMap, old, errors);
    validate(configMap, errors);
  },
  row: ({ metadata, data, binaryData }, now) => [
    metadata.name ?? '',
    Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length,
    ageSince(metadata.creationTimestamp, now),
  ],
});

function validate({ data = {}, binaryData = {} }: ConfigMap, errors: FieldError[]): void {
  let size = 0;
  for (const key in data) {
    const path = `data[${key}]`;
    applyRule(configMapKey, key, path, errors);
    if (binaryData[key] !== undefined) errors.push(invalid(path, key, 'duplicate of key present in binaryData'));
    size += byteLength(data[key] ?? '');
  }
  for (const key in binaryData) {
    const path = `binaryData[${key}]`;
    applyRule(configMapKey, key, path, errors);
    size += decodedLength(binaryData[key] ?? '');
  }
  if (size > maxDataBytes) errors.push(tooLong('[]', maxDataBytes));
}

function validateUnchanged(configMap: ConfigMap, old: ConfigMap, errors: FieldError[]): void {
  const detail = 'field is immutable when `immutable` is set';
  if (configMap.immutable !== true) errors.push(forbidden('immutable', detail));
  if (!equal(configMap.data ?? {}, old.data ?? {})) errors.push(forbidden('data', detail));
  if (!equal(configMap.binaryData ?? {}, old.binaryData ?? {})) errors.push(forbidden('binaryData', detail));
}
