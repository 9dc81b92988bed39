import type { PodCertificateRequestStatus } from '../schema/certificates-v1.generated.ts';
import type { Condition } from '../schema/meta-v1.generated.ts';

export type PodCertificateState = 'Issued' | 'Denied' | 'Failed';

export const podCertificateStates: readonly PodCertificateState[] = ['Issued', 'Denied', 'Failed'];

/** The condition by which a request for a pod's certificate was answered, once and for ever; undefined while it waits. */
export function answerOf(status: PodCertificateRequestStatus | undefined): Condition | undefined {
  return status?.conditions?.find(
    ({ type, status: value }) => podCertificateStates.some((state) => state === type) && value === 'True',
  );
}

export function stateOf(status: PodCertificateRequestStatus | undefined): PodCertificateState | undefined {
  const type = answerOf(status)?.type;
  return podCertificateStates.find((state) => state === type);
}
