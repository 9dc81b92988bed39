import type { CertificateSigningRequest } from '../../resources/schema/certificates-v1.generated.ts';

export function isIssued({ status }: CertificateSigningRequest): boolean {
  return (status?.certificate ?? '') !== '';
}

export function hasCondition({ status }: CertificateSigningRequest, type: string): boolean {
  return (status?.conditions ?? []).some((each) => each.type === type);
}

/** Whether an approver has decided, or a signer acted, so that there is nothing left to approve. */
export function isDecided(request: CertificateSigningRequest): boolean {
  return isIssued(request) || hasCondition(request, 'Approved') || hasCondition(request, 'Denied');
}
