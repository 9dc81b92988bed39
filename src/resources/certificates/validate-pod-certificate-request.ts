import type { KeyObject } from 'node:crypto';
import type { FieldError } from '../../machinery/field-error.ts';
import { invalid, invalidWithoutValue, tooLong } from '../../machinery/field-errors.ts';
import { dnsSubdomain } from '../../machinery/names.ts';
import { type CertificateRequest, readCertificateRequest } from '../../wire/pki/certificate-request.ts';
import type { PodCertificateRequestSpec } from '../schema/certificates-v1.generated.ts';
import { applyRule } from '../validation/apply-rule.ts';
import { validateUserAnnotations } from '../validation/user-annotations.ts';
import { validateSignerName } from './signer-name.ts';

const longestUid = 128;
const longestRequest = 10 * 1024;
const leastSeconds = 3600;
const mostSeconds = 91 * 86_400;
/** Of signers that Kubernetes itself has. */
const mostKubernetesSeconds = 86_400;
const requestPath = 'spec.stubPKCS10Request';
const curves = ['prime256v1', 'secp384r1', 'secp521r1'];
/** As Go calls it, which can read one more. */
const curveNames: Readonly<Record<string, string>> = { secp224r1: 'P-224' };
const moduli = [3072, 4096];

export function validatePodCertificateRequest(spec: PodCertificateRequestSpec, errors: FieldError[]): void {
  const { signerName, maxExpirationSeconds = 0, stubPKCS10Request, unverifiedUserAnnotations } = spec;
  validateSignerName(signerName, 'spec.signerName', errors);
  if (unverifiedUserAnnotations !== undefined)
    validateUserAnnotations(unverifiedUserAnnotations, 'spec.unverifiedUserAnnotations', errors);
  for (const owner of ['pod', 'serviceAccount', 'node'] as const) {
    applyRule(dnsSubdomain, spec[`${owner}Name`], `spec.${owner}Name`, errors);
    validateUid(spec[`${owner}UID`], `spec.${owner}UID`, errors);
  }
  const most = isKubernetesSigner(signerName) ? mostKubernetesSeconds : mostSeconds;
  if (maxExpirationSeconds < leastSeconds || maxExpirationSeconds > most) {
    const detail = `must be in the range [${leastSeconds}, ${most}]`;
    errors.push(invalid('spec.maxExpirationSeconds', maxExpirationSeconds, detail));
  }
  const bytes = Buffer.from(stubPKCS10Request ?? '', 'base64');
  if (bytes.length === 0) {
    const detail = 'exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set';
    errors.push(invalidWithoutValue('spec', detail));
  } else validateRequest(bytes, errors);
}

function validateUid(uid: string, path: string, errors: FieldError[]): void {
  if (uid === '') errors.push(invalid(path, uid, 'must not be empty'));
  if (Buffer.byteLength(uid) > longestUid) errors.push(tooLong(path, longestUid));
}

function isKubernetesSigner(name: string): boolean {
  const [domain = ''] = name.split('/');
  return domain === 'kubernetes.io' || domain.endsWith('.kubernetes.io');
}

function validateRequest(bytes: Buffer, errors: FieldError[]): void {
  if (bytes.length > longestRequest) {
    errors.push(tooLong(requestPath, longestRequest));
    return;
  }
  let request: CertificateRequest;
  try {
    request = readCertificateRequest(bytes);
  } catch {
    errors.push(invalidWithoutValue(requestPath, 'must be a valid PKCS#10 CSR'));
    return;
  }
  const problem = keyProblem(request.publicKey);
  if (problem !== undefined) errors.push(problem);
  else if (request.signatureProblem() !== undefined) errors.push(invalidWithoutValue(requestPath, 'invalid signature'));
}

function keyProblem({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): FieldError | undefined {
  switch (asymmetricKeyType) {
    case 'ed25519':
      return undefined;
    case 'ec': {
      const { namedCurve = '' } = asymmetricKeyDetails;
      if (curves.includes(namedCurve)) return undefined;
      return invalid(
        requestPath,
        `curve ${curveNames[namedCurve] ?? namedCurve}`,
        'elliptic public keys must use curve P256, P384, or P521',
      );
    }
    case 'rsa': {
      const { modulusLength = 0 } = asymmetricKeyDetails;
      if (moduli.includes(modulusLength)) return undefined;
      return invalid(requestPath, `${modulusLength}-bit modulus`, 'RSA keys must have modulus size 3072 or 4096');
    }
    default: {
      const detail = 'unknown public key type; supported types are Ed25519, ECDSA, and RSA';
      return invalidWithoutValue(requestPath, detail);
    }
  }
}
