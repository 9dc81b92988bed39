import type { FieldError } from '../../machinery/field-error.ts';
import { invalid, invalidWithoutValue, notSupported, required, tooLong } from '../../machinery/field-errors.ts';
import { parseTime } from '../../machinery/time.ts';
import { type Certificate, parseCertificate } from '../../wire/pki/certificate.ts';
import { readCertificateRequest } from '../../wire/pki/certificate-request.ts';
import { pemBlocks } from '../../wire/pki/pem.ts';
import { equal } from '../equal.ts';
import type { PodCertificateRequest, PodCertificateRequestStatus } from '../schema/certificates-v1.generated.ts';
import { validateConditions } from '../validation/conditions.ts';
import { podCertificateStates, stateOf } from './pod-certificate-state.ts';

const longestChain = 100 * 1024;
const chainPath = 'status.certificateChain';
const minuteMs = 60_000;
/** How far the beginning of a certificate may be from now. */
const clockSkewMs = 5 * minuteMs;
/** How long before its end, and after its beginning, a certificate may be replaced. */
const refreshMarginMs = 10 * minuteMs;
const shortestLifeMs = 60 * minuteMs;

/** The rules for an answer: there is one, it stays, and a certificate is what was asked for. `now`: milliseconds since 1970. */
export function validateIssuing(
  request: PodCertificateRequest,
  old: PodCertificateRequest,
  now: number,
  errors: FieldError[],
): void {
  const { status = {} } = request;
  const { conditions = [] } = status;
  validateAnswers(status, errors);
  validateConditions(conditions, 'status.conditions', errors);
  if (errors.length > 0) return;
  const state = stateOf(status);
  if (stateOf(old.status) !== undefined) {
    const detail = 'immutable after PodCertificateRequest is issued, denied, or failed';
    if (!equal(status, old.status ?? {})) errors.push(invalidWithoutValue('status', detail));
  } else if (state === 'Issued') validateCertificate(request, status, now, errors);
  else if (state === undefined) {
    const detail = 'status is immutable unless transitioning to "Issued", "Denied", or "Failed"';
    if (!equal(status, old.status ?? {})) errors.push(invalidWithoutValue('status', detail));
  } else if (!equal(status, { conditions })) {
    const detail = 'non-condition status fields must be empty when denying or failing the PodCertificateRequest';
    errors.push(invalidWithoutValue('status', detail));
  }
}

function validateAnswers({ conditions = [] }: PodCertificateRequestStatus, errors: FieldError[]): void {
  let answers = 0;
  conditions.forEach(({ type, status }, index) => {
    const path = `status.conditions.[${index}]`;
    if (!podCertificateStates.some((state) => state === type)) {
      errors.push(notSupported(`${path}.type`, type, podCertificateStates));
      return;
    }
    answers++;
    if (answers > 1) {
      const detail = 'There may be at most one condition with type "Issued", "Denied", or "Failed"';
      errors.push(invalid(`${path}.type`, type, detail));
    }
    if (status !== 'True') errors.push(notSupported(`${path}.status`, status, ['True']));
  });
}

function validateCertificate(
  request: PodCertificateRequest,
  status: PodCertificateRequestStatus,
  now: number,
  errors: FieldError[],
): void {
  const chain = status.certificateChain ?? '';
  if (Buffer.byteLength(chain) > longestChain) {
    errors.push(tooLong(chainPath, longestChain));
    return;
  }
  const [leafBlock, ...rest] = pemBlocks(chain);
  const wrong = (detail: string) => errors.push(invalid(chainPath, chain, detail));
  if (leafBlock === undefined) wrong('issued certificate chain must contain at least one certificate');
  else if (leafBlock.label !== 'CERTIFICATE')
    wrong('issued certificate chain must consist entirely of CERTIFICATE PEM blocks');
  else {
    const leaf = certificateIn(leafBlock.content);
    if (leaf === undefined) wrong('leaf certificate does not parse as valid X.509');
    else {
      validateNames(leaf, errors);
      const asked = readCertificateRequest(Buffer.from(request.spec.stubPKCS10Request ?? '', 'base64')).publicKey;
      if (!asked.equals(leaf.x509.publicKey)) wrong('leaf certificate was not issued to the requested public key');
      else if (validateTimes(request, status, leaf, now, errors)) validateRest(rest, wrong);
    }
  }
}

function validateRest(blocks: ReturnType<typeof pemBlocks>, wrong: (detail: string) => void): void {
  for (const { label, content } of blocks) {
    const isCertificate = label === 'CERTIFICATE';
    if (isCertificate && certificateIn(content) !== undefined) continue;
    // Misspelt in Kubernetes, too.
    if (!isCertificate) wrong('issued certificate chain must consist entirely of CERTFICATE PEM blocks');
    else wrong('intermediate certificate does not parse as valid X.509');
    return;
  }
}

function certificateIn(der: Buffer): Certificate | undefined {
  try {
    return parseCertificate(der);
  } catch {
    return undefined;
  }
}

function validateNames({ alternativeNames }: Certificate, errors: FieldError[]): void {
  for (const name of alternativeNames.dnsNames) {
    const wrong = (detail: string) => errors.push(invalid(chainPath, name, detail));
    if (name === '') wrong('leaf certificate should not contain empty DNSName');
    if (name.includes('..')) wrong("leaf certificate's DNSName should not contain '..'");
    if (name.startsWith('.') || name.endsWith('.'))
      wrong("leaf certificate's DNSName should not start or end with '.'");
  }
  for (const address of alternativeNames.emailAddresses) {
    if (!/^[^\s@<>]+@[^\s@<>]+$/.test(address))
      errors.push(invalid(chainPath, address, 'leaf certificate should not contain invalid EmailAddress'));
  }
}

/** Whether the times are as they should be. */
function validateTimes(
  { spec }: PodCertificateRequest,
  { notBefore, notAfter, beginRefreshAt }: PodCertificateRequestStatus,
  leaf: Certificate,
  now: number,
  errors: FieldError[],
): boolean {
  const before = errors.length;
  const beginsMs = parseTime(notBefore);
  const endsMs = parseTime(notAfter);
  const refreshMs = parseTime(beginRefreshAt);
  const consistent = 'must be present and consistent with the issued certificate';
  if (beginsMs === undefined) errors.push(required('status.notBefore', consistent));
  if (endsMs === undefined) errors.push(required('status.notAfter', consistent));
  if (refreshMs === undefined)
    errors.push(
      required('status.beginRefreshAt', 'must be present and in the range [notbefore+10min, notafter-10min]'),
    );
  if (errors.length > before || beginsMs === undefined || endsMs === undefined || refreshMs === undefined) return false;
  const { maxExpirationSeconds = 0 } = spec;
  const lifeMs = leaf.notAfterMs - leaf.notBeforeMs;
  const rules: readonly (readonly [holds: boolean, field: string, value: unknown, detail: string])[] = [
    [
      beginsMs === leaf.notBeforeMs,
      'status.notBefore',
      notBefore,
      'must be set to the NotBefore time encoded in the leaf certificate',
    ],
    [
      Math.abs(beginsMs - now) < clockSkewMs,
      'status.notBefore',
      notBefore,
      "must be set to within 5 minutes of kube-apiserver's current time",
    ],
    [
      endsMs === leaf.notAfterMs,
      'status.notAfter',
      notAfter,
      'must be set to the NotAfter time encoded in the leaf certificate',
    ],
    [lifeMs >= shortestLifeMs, chainPath, lifeMs * 1e6, 'leaf certificate lifetime must be >= 1 hour'],
    [
      lifeMs <= maxExpirationSeconds * 1000,
      chainPath,
      lifeMs * 1e6,
      `leaf certificate lifetime must be <= spec.maxExpirationSeconds (${maxExpirationSeconds})`,
    ],
    [
      refreshMs >= beginsMs + refreshMarginMs,
      'status.beginRefreshAt',
      beginRefreshAt,
      'must be at least 10 minutes after status.notBefore',
    ],
    [
      refreshMs <= endsMs - refreshMarginMs,
      'status.beginRefreshAt',
      beginRefreshAt,
      'must be at least 10 minutes before status.notAfter',
    ],
  ];
  const broken = rules.find(([holds]) => !holds);
  if (broken === undefined) return true;
  const [, field, value, detail] = broken;
  errors.push(invalid(field, value, detail));
  return false;
}
