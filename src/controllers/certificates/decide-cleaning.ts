import { parseTime } from '../../machinery/time.ts';
import { bytesText } from '../../resources/certificates/request-text.ts';
import type { CertificateSigningRequest } from '../../resources/schema/certificates-v1.generated.ts';
import { parseCertificate } from '../../wire/pki/certificate.ts';
import { isIssued } from './request-state.ts';

const hourMs = 3600_000;
const keptMs = { answered: hourMs, unanswered: 24 * hourMs };

/** When a request has done its duty, milliseconds since 1970; undefined while that cannot be said. */
export function endOfRequest(request: CertificateSigningRequest): number | undefined {
  const ends = [...deadlines(request)];
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/**
 * An hour after a denial, a failure, or an approval with a certificate; a day after an approval without one, and after a request that
 * nobody answered; and at the latest when the certificate ends.
 */
function* deadlines(request: CertificateSigningRequest): Iterable<number> {
  const conditions = request.status?.conditions ?? [];
  if (conditions.length === 0) {
    const created = parseTime(request.metadata.creationTimestamp);
    if (created !== undefined) yield created + keptMs.unanswered;
  }
  for (const { type, lastUpdateTime } of conditions) {
    const since = parseTime(lastUpdateTime);
    if (type === 'Approved' && isIssued(request)) yield* endOfCertificate(request);
    if (since === undefined) continue;
    if (type === 'Denied' || type === 'Failed') yield since + keptMs.answered;
    if (type === 'Approved') yield since + (isIssued(request) ? keptMs.answered : keptMs.unanswered);
  }
}

function* endOfCertificate({ status }: CertificateSigningRequest): Iterable<number> {
  try {
    yield parseCertificate(bytesText(status?.certificate ?? '')).notAfterMs;
  } catch {
    // What another signer put there need not be readable.
  }
}
