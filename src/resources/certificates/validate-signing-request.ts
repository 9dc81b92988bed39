import type { FieldError } from '../../machinery/field-error.ts';
import { duplicate, forbidden, invalid, notSupported, required } from '../../machinery/field-errors.ts';
import type { CertificateSigningRequest } from '../schema/certificates-v1.generated.ts';
import { extendedKeyUsages, keyUsageBits } from './key-usages.ts';
import { bytesText, certificateRequestOf } from './request-text.ts';
import { validateSignerName } from './signer-name.ts';
import { certificateProblem } from './validate-certificate.ts';

/** What one way to update a request may change. */
export interface RequestChanges {
  readonly approval?: boolean;
  readonly certificate?: boolean;
}

const knownUsages = new Set([...Object.keys(keyUsageBits), ...Object.keys(extendedKeyUsages)]);
const legacySigner = 'kubernetes.io/legacy-unknown';
const leastSeconds = 600;
/** Conditions that stay for ever, and are either True or not there. */
const lastingConditions = ['Approved', 'Denied', 'Failed'];
const conditionsPath = 'status.conditions';
const certificatePath = 'status.certificate';

/** The rules for a request. What its old form got wrong already may stay so, for it may have come in by older rules. */
export function validateRequest(
  request: CertificateSigningRequest,
  old: CertificateSigningRequest | undefined,
  errors: FieldError[],
): void {
  const { spec, status } = request;
  const problem = requestProblem(request);
  if (problem !== undefined) errors.push(invalid('spec.request', spec.request ?? null, problem));
  validateUsages(spec.usages ?? [], old?.spec.usages ?? [], errors);
  if (spec.signerName === legacySigner) {
    if (old?.spec.signerName !== legacySigner) {
      const detail = 'the legacy signerName is not allowed via this API version';
      errors.push(invalid('spec.signerName', spec.signerName, detail));
    }
  } else validateSignerName(spec.signerName ?? '', 'spec.signerName', errors);
  if (spec.expirationSeconds !== undefined && spec.expirationSeconds < leastSeconds) {
    const detail = 'may not specify a duration less than 600 seconds (10 minutes)';
    errors.push(invalid('spec.expirationSeconds', spec.expirationSeconds, detail));
  }
  validateConditions(request, old, errors);
  validateCertificate(status?.certificate ?? '', old?.status?.certificate, errors);
}

/** The rules for an update: what is decided stays decided, and each view changes no more than its own part. */
export function validateRequestUpdate(
  request: CertificateSigningRequest,
  old: CertificateSigningRequest,
  changes: RequestChanges,
  errors: FieldError[],
): void {
  validateRequest(request, old, errors);
  for (const type of lastingConditions) {
    if (countOf(request, type) < countOf(old, type))
      errors.push(forbidden(conditionsPath, `updates may not remove a condition of type "${type}"`));
  }
  if (changes.approval !== true) {
    for (const type of ['Approved', 'Denied']) {
      if (countOf(request, type) > countOf(old, type))
        errors.push(forbidden(conditionsPath, `updates may not add a condition of type "${type}"`));
    }
  }
  const before = old.status?.certificate ?? '';
  if ((request.status?.certificate ?? '') !== before) {
    if (changes.certificate !== true)
      errors.push(forbidden(certificatePath, 'updates may not set certificate content'));
    else if (before !== '')
      errors.push(forbidden(certificatePath, 'updates may not modify existing certificate content'));
  }
  if (isContradictory(request) && !isContradictory(old)) errors.push(contradiction);
}

/** The two are members of one union, and so Kubernetes words it. */
const contradiction = (() => {
  const members = ['Approved', 'Denied'].map((type) => `conditions[{"type": "${type}"}]`);
  const detail = `must specify at most one of: ${members.map((member) => `\`${member}\``).join(', ')}`;
  return invalid(conditionsPath, `{${members.join(', ')}}`, detail);
})();

function isContradictory(request: CertificateSigningRequest): boolean {
  return countOf(request, 'Approved') > 0 && countOf(request, 'Denied') > 0;
}

function requestProblem(request: CertificateSigningRequest): string | undefined {
  try {
    return certificateRequestOf(request).signatureProblem();
  } catch (error) {
    return (error as Error).message;
  }
}

function validateUsages(usages: readonly string[], before: readonly string[], errors: FieldError[]): void {
  if (usages.length === 0) errors.push(required('spec.usages'));
  if (before.every((usage) => knownUsages.has(usage))) {
    usages.forEach((usage, index) => {
      if (!knownUsages.has(usage)) errors.push(notSupported(`spec.usages[${index}]`, usage, knownUsages));
    });
  }
  if (hasRepetition(before)) return;
  usages.forEach((usage, index) => {
    if (usages.indexOf(usage) < index) errors.push(duplicate(`spec.usages[${index}]`, usage));
  });
}

function validateConditions(
  { status }: CertificateSigningRequest,
  old: CertificateSigningRequest | undefined,
  errors: FieldError[],
): void {
  const before = (old?.status?.conditions ?? []).map(({ type }) => type);
  const seen = new Set<string>();
  (status?.conditions ?? []).forEach(({ type, status: value }, index) => {
    const path = `${conditionsPath}[${index}]`;
    if (!type && !before.includes('')) errors.push(required(`${path}.type`));
    const values = lastingConditions.includes(type) ? ['True'] : ['False', 'True', 'Unknown'];
    if (!value) errors.push(required(`${path}.status`));
    else if (!values.includes(value)) errors.push(notSupported(`${path}.status`, value, values));
    if (!hasRepetition(before) && seen.has(type)) errors.push(duplicate(`${path}.type`, type));
    seen.add(type);
  });
}

function validateCertificate(certificate: string, before: string | undefined, errors: FieldError[]): void {
  if (certificate === (before ?? '')) return;
  if (before !== undefined && certificateProblem(bytesText(before)) !== undefined) return;
  const problem = certificateProblem(bytesText(certificate));
  if (problem !== undefined) errors.push(invalid(certificatePath, '<certificate data>', problem));
}

function countOf({ status }: CertificateSigningRequest, type: string): number {
  return (status?.conditions ?? []).filter((each) => each.type === type).length;
}

function hasRepetition(values: readonly string[]): boolean {
  return new Set(values).size < values.length;
}
