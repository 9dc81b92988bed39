import { createHash } from 'node:crypto';
import type { Client } from '../../client/client.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { isReason } from '../../machinery/status-error.ts';
import { bytesText, textBytes } from '../../resources/certificates/request-text.ts';
import type { CertificateSigningRequest } from '../../resources/schema/certificates-v1.generated.ts';
import { certificateSigningRequests } from '../../resources/schema/resource-types.generated.ts';
import { type Certificate, parseCertificate } from '../../wire/pki/certificate.ts';
import { type CertificateRequestOptions, createCertificateRequest } from '../../wire/pki/certificate-request.ts';
import type { PendingRequest } from './certificate-file.ts';
import { IdentityError } from './identity-error.ts';

export interface CertificateWish {
  readonly content: CertificateRequestOptions;
  readonly pending: PendingRequest;
  readonly signerName: string;
  readonly usages: readonly string[];
  /** Absent: as long as the signer gives. */
  readonly expirationSeconds?: number | undefined;
}

/** As long as a kubelet waits for somebody to approve. */
const patienceMs = 15 * 60_000;
const firstLookMs = 200;
const longestLookMs = 5_000;

/**
 * Asks for a certificate and waits for it. The request is named after what it asks for, so that one that was interrupted is found
 * again. Throws `IdentityError` when it was refused, failed, or nobody answered, and what the client throws.
 */
export async function requestCertificate(
  client: Client,
  environment: Environment,
  wish: CertificateWish,
  signal?: AbortSignal,
): Promise<Certificate> {
  const name = requestName(wish);
  try {
    await client.create(certificateSigningRequests, requestOf(name, wish), { signal });
  } catch (error) {
    if (!isReason(error, 'AlreadyExists')) throw error;
  }
  const deadlineMs = environment.monotonic() + patienceMs;
  for (let waitMs = firstLookMs; ; waitMs = Math.min(longestLookMs, waitMs * 1.5)) {
    await environment.sleep(waitMs, signal);
    const request = await client.get(certificateSigningRequests, { name }, { signal });
    const certificate = answerIn(request);
    if (certificate !== undefined) return certificate;
    if (environment.monotonic() > deadlineMs)
      throw new IdentityError(
        `nobody has approved the certificate request ${name} for ${patienceMs / 60_000} minutes: look at it with "kubectl describe csr ${name}", and approve it with "kubectl certificate approve ${name}"`,
        { mayPass: true },
      );
  }
}

function answerIn({ metadata, status }: CertificateSigningRequest): Certificate | undefined {
  for (const { type, reason = '', message = '' } of status?.conditions ?? []) {
    if (type === 'Denied' || type === 'Failed')
      throw new IdentityError(
        `the certificate request ${metadata.name} was ${type === 'Denied' ? 'denied' : 'not signed'}: ${reason} ${message}`.trimEnd(),
      );
  }
  const certificate = status?.certificate ?? '';
  return certificate === '' ? undefined : parseCertificate(bytesText(certificate));
}

function requestOf(name: string, { content, pending, signerName, usages, expirationSeconds }: CertificateWish) {
  return {
    metadata: { name },
    spec: {
      request: textBytes(createCertificateRequest(content, pending.keyPair)),
      signerName,
      usages,
      ...(expirationSeconds !== undefined && { expirationSeconds }),
    },
  } satisfies CertificateSigningRequest;
}

function requestName({ content, pending, signerName, usages }: CertificateWish): string {
  const key = pending.keyPair.publicKey.export({ type: 'spki', format: 'pem' });
  const digest = createHash('sha256')
    .update(JSON.stringify([pending.id, key, signerName, usages, content]))
    .digest('base64url');
  return `node-csr-${digest}`;
}
