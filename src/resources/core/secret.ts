import type { FieldError } from '../../machinery/field-error.ts';
import { forbidden, invalid, required, tooLong } from '../../machinery/field-errors.ts';
import { configMapKey, nameIsDnsSubdomain } from '../../machinery/names.ts';
import type { Draft } from '../../machinery/object.ts';
import { ageSince } from '../../machinery/time.ts';
import { define } from '../define.ts';
import { equal } from '../equal.ts';
import type { Secret } from '../schema/core-v1.generated.ts';
import { secrets } from '../schema/resource-types.generated.ts';
import { applyRule } from '../validation/apply-rule.ts';
import { validateImmutable } from '../validation/immutable.ts';
import { jsonObjectError } from '../validation/json-syntax.ts';
import { tlsInputProblem } from '../validation/pem.ts';
import { decodedLength, maxDataBytes } from './data-size.ts';

const serviceAccountName = 'kubernetes.io/service-account.name';

export const secretDefinition = define<Secret>(secrets, {
  metadataAsNew: true,
  storage: { keyPrefix: '/registry/secrets/' },
  setDefaults(secret) {
    foldStringData(secret);
    if (secret.type === undefined || secret.type === '') secret.type = 'Opaque';
  },
  validateName: nameIsDnsSubdomain,
  validate,
  validateUpdate(secret, old, errors) {
    validateImmutable(secret.type, old.type, 'type', errors);
    if (old.immutable === true) {
      const detail = 'field is immutable when `immutable` is set';
      if (secret.immutable !== true) errors.push(forbidden('immutable', detail));
      if (!equal(secret.data ?? {}, old.data ?? {})) errors.push(forbidden('data', detail));
    }
    validate(secret, errors);
  },
  warnings: pemWarnings,
  fields: { type: (secret) => secret.type ?? '' },
  row: ({ metadata, type, data }, now) => [
    metadata.name ?? '',
    type ?? '',
    Object.keys(data ?? {}).length,
    ageSince(metadata.creationTimestamp, now),
  ],
});

/** `stringData` is a convenience for writing: it goes into `data` and is never shown. */
function foldStringData(secret: Draft<Secret>): void {
  const { stringData } = secret;
  if (stringData === undefined) return;
  delete secret.stringData;
  const encoder = new TextEncoder();
  for (const key in stringData) {
    secret.data ??= {};
    secret.data[key] = encoder.encode(stringData[key]).toBase64();
  }
}

function validate(secret: Secret, errors: FieldError[]): void {
  const data = secret.data ?? {};
  let size = 0;
  for (const key in data) {
    applyRule(configMapKey, key, `data[${key}]`, errors);
    size += decodedLength(data[key] ?? '');
  }
  if (size > maxDataBytes) errors.push(tooLong('data', maxDataBytes));
  validateType(secret, data, errors);
}

function validateType(secret: Secret, data: Readonly<Record<string, string>>, errors: FieldError[]): void {
  switch (secret.type) {
    case 'kubernetes.io/service-account-token':
      if ((secret.metadata.annotations?.[serviceAccountName] ?? '') === '')
        errors.push(required(`metadata.annotations[${serviceAccountName}]`));
      break;
    case 'kubernetes.io/dockercfg':
      validateJson(data, '.dockercfg', errors);
      break;
    case 'kubernetes.io/dockerconfigjson':
      validateJson(data, '.dockerconfigjson', errors);
      break;
    case 'kubernetes.io/basic-auth':
      if (data['username'] === undefined && data['password'] === undefined)
        errors.push(required('data[username]'), required('data[password]'));
      break;
    case 'kubernetes.io/ssh-auth':
      if ((data['ssh-privatekey'] ?? '') === '') errors.push(required('data[ssh-privatekey]'));
      break;
    case 'kubernetes.io/tls':
      for (const key of ['tls.crt', 'tls.key']) if (data[key] === undefined) errors.push(required(`data[${key}]`));
  }
}

function pemWarnings({ type, data = {} }: Secret): readonly string[] {
  if (type !== 'kubernetes.io/tls') return [];
  const problem = tlsInputProblem(decode(data['tls.crt'] ?? ''), decode(data['tls.key'] ?? ''));
  return problem === undefined ? [] : [problem];
}

function decode(base64: string): string {
  return new TextDecoder().decode(Uint8Array.fromBase64(base64));
}

function validateJson(data: Readonly<Record<string, string>>, key: string, errors: FieldError[]): void {
  const path = `data[${key}]`;
  const value = data[key];
  if (value === undefined) {
    errors.push(required(path));
    return;
  }
  const problem = jsonObjectError(decode(value));
  if (problem !== undefined) errors.push(invalid(path, '<secret contents redacted>', problem));
}
