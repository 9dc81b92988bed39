import { extendedKeyUsages, keyUsageBits } from '../../resources/certificates/key-usages.ts';
import { certificateRequestOf, textBytes } from '../../resources/certificates/request-text.ts';
import type { CertificateSigningRequest } from '../../resources/schema/certificates-v1.generated.ts';
import { certificateSigningRequests } from '../../resources/schema/resource-types.generated.ts';
import type { CertificateAuthority } from '../../wire/pki/certificate-authority.ts';
import type { CertificateRequest } from '../../wire/pki/certificate-request.ts';
import { customaryName } from '../../wire/pki/distinguished-name.ts';
import { type Controller, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { ownKey } from '../runtime/object-keys.ts';
import { requestInformer } from '../runtime/projections.ts';
import { nodeClientProblem, nodeClientSigner, nodeServingProblem, nodeServingSigner } from './node-certificates.ts';
import { hasCondition, isIssued } from './request-state.ts';

export interface SigningOptions {
  /** Asked each time, for an authority is renewed before it ends. */
  readonly authority: () => CertificateAuthority;
  /** The longest life of a certificate, and that of one for which no other was asked. */
  readonly validityMs: number;
}

type Rules = (request: CertificateRequest, usages: readonly string[]) => string | undefined;

/** What each signer asks of a request; answers what is wrong with it. */
const signers: Readonly<Record<string, Rules>> = {
  'kubernetes.io/kube-apiserver-client': (_, usages) => clientUsageProblem(usages),
  [nodeClientSigner]: nodeClientProblem,
  [nodeServingSigner]: nodeServingProblem,
  'kubernetes.io/legacy-unknown': () => undefined,
};

const backdateMs = 5 * 60_000;
/** Five minutes are one per cent of this; shorter lives are not shortened by them. */
const shortMs = 8 * 3600_000;
const leastMs = 10 * 60_000;

/** Signs approved requests for the signers that belong to Kubernetes, with the authority of the cluster. */
export function signingController(
  { client, informers, environment }: ControllerContext,
  options: SigningOptions,
): Controller {
  const requests = informers.informer(certificateSigningRequests, requestInformer);
  return {
    name: 'certificatesigningrequest-signing-controller',
    watches: [watching(requests, ownKey)],
    async reconcile(name, signal) {
      const request = requests.get(name);
      const rules = signers[request?.spec.signerName ?? ''];
      if (request === undefined || rules === undefined || !isToBeSigned(request)) return undefined;
      const status = decideStatus(request, rules, options, environment.now());
      await client.update(certificateSigningRequests, { ...request, status }, { subresource: 'status', signal });
      return undefined;
    },
  };
}

function isToBeSigned(request: CertificateSigningRequest): boolean {
  return (
    hasCondition(request, 'Approved') &&
    !hasCondition(request, 'Denied') &&
    !hasCondition(request, 'Failed') &&
    !isIssued(request)
  );
}

/** With the certificate, or with the reason why there will never be one. */
function decideStatus(
  request: CertificateSigningRequest,
  rules: Rules,
  { authority, validityMs }: SigningOptions,
  now: number,
): CertificateSigningRequest['status'] {
  const { usages = [], expirationSeconds } = request.spec;
  const asked = certificateRequestOf(request);
  const problem = rules(asked, usages);
  if (problem !== undefined) {
    const failed = { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message: problem };
    return { ...request.status, conditions: [...(request.status?.conditions ?? []), failed] };
  }
  const signer = authority();
  const endMs = signer.certificate.notAfterMs;
  if (now >= endMs) throw new Error(`the signer has expired: NotAfter=${new Date(endMs).toISOString()}`);
  const lifeMs = durationMs(expirationSeconds, validityMs);
  const certificate = signer.certify(
    {
      name: customaryName(asked.name),
      alternativeNames: asked.alternativeNames,
      keyUsages: [...new Set(usages.flatMap((usage) => keyUsageBits[usage] ?? []))],
      extendedKeyUsages: [
        ...new Set(Object.entries(extendedKeyUsages).flatMap(([usage, id]) => (usages.includes(usage) ? [id] : []))),
      ],
      notBeforeMs: now - backdateMs,
      notAfterMs: now + lifeMs - (lifeMs < shortMs ? 0 : backdateMs),
    },
    asked.publicKey,
  );
  return { ...request.status, certificate: textBytes(certificate.pem) };
}

function durationMs(expirationSeconds: number | undefined, validityMs: number): number {
  if (expirationSeconds === undefined) return validityMs;
  return Math.min(Math.max(expirationSeconds * 1000, leastMs), validityMs);
}

function clientUsageProblem(usages: readonly string[]): string | undefined {
  const other = usages.find((usage) => !['digital signature', 'key encipherment', 'client auth'].includes(usage));
  if (other !== undefined) return `invalid usage for client certificate: ${other}`;
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth';
}
