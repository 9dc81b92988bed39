import type { Certificate } from './certificate.ts';

/** Where a moment lies in the life of a certificate. */
export interface CertificateValidity {
  readonly state: 'notYetValid' | 'valid' | 'expired';
  /** Until it ends; negative once it has. */
  readonly remainingMs: number;
  /** When four fifths of its life are over, wall clock: the middle of the window in which a kubelet renews (70 to 90 %). */
  readonly renewAtMs: number;
}

export function certificateValidity(
  certificate: Pick<Certificate, 'notBeforeMs' | 'notAfterMs'>,
  nowMs: number,
): CertificateValidity {
  const { notBeforeMs, notAfterMs } = certificate;
  return {
    state: nowMs < notBeforeMs ? 'notYetValid' : nowMs > notAfterMs ? 'expired' : 'valid',
    remainingMs: notAfterMs - nowMs,
    renewAtMs: notBeforeMs + 0.8 * (notAfterMs - notBeforeMs),
  };
}
