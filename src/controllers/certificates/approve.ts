import type { Client } from '../../client/client.ts';
import type { CertificateSigningRequest } from '../../resources/schema/certificates-v1.generated.ts';
import { certificateSigningRequests } from '../../resources/schema/resource-types.generated.ts';

/** Approves a request as it is in the caches; throws Conflict when it has changed since. */
export async function approve(
  client: Client,
  request: CertificateSigningRequest,
  message: string,
  signal: AbortSignal,
): Promise<void> {
  const approved = { type: 'Approved', status: 'True', reason: 'AutoApproved', message };
  const status = { ...request.status, conditions: [...(request.status?.conditions ?? []), approved] };
  await client.update(certificateSigningRequests, { ...request, status }, { subresource: 'approval', signal });
}
