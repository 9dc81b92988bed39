// Generated from facts/types.json by `node scripts/generate/main.ts`; do not edit.
import type { Draft } from '../../machinery/object.ts';
import type * as metaV1 from './meta-v1.generated.ts';

export interface CertificateSigningRequest {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly spec: CertificateSigningRequestSpec;
  readonly status?: CertificateSigningRequestStatus | undefined;
}

export interface CertificateSigningRequestCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly lastUpdateTime?: string | undefined;
  readonly lastTransitionTime?: string | undefined;
}

export interface CertificateSigningRequestSpec {
  readonly request: string;
  readonly signerName: string;
  readonly expirationSeconds?: number | undefined;
  readonly usages?: readonly string[] | undefined;
  readonly username?: string | undefined;
  readonly uid?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly extra?: { readonly [key: string]: ExtraValue } | undefined;
}

export interface CertificateSigningRequestStatus {
  readonly conditions?: readonly CertificateSigningRequestCondition[] | undefined;
  readonly certificate?: string | undefined;
}

export interface ClusterTrustBundle {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly spec: ClusterTrustBundleSpec;
}

export interface ClusterTrustBundleSpec {
  readonly signerName?: string | undefined;
  readonly trustBundle: string;
}

export type ExtraValue = readonly string[];

export interface PodCertificateRequest {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly spec: PodCertificateRequestSpec;
  readonly status?: PodCertificateRequestStatus | undefined;
}

export interface PodCertificateRequestSpec {
  readonly signerName: string;
  readonly podName: string;
  readonly podUID: string;
  readonly serviceAccountName: string;
  readonly serviceAccountUID: string;
  readonly nodeName: string;
  readonly nodeUID: string;
  readonly maxExpirationSeconds?: number | undefined;
  readonly stubPKCS10Request: string;
  readonly unverifiedUserAnnotations?: { readonly [key: string]: string } | undefined;
}

export interface PodCertificateRequestStatus {
  readonly conditions?: readonly metaV1.Condition[] | undefined;
  readonly certificateChain?: string | undefined;
  readonly notBefore?: string | undefined;
  readonly beginRefreshAt?: string | undefined;
  readonly notAfter?: string | undefined;
}

export type CertificateSigningRequestDraft = Draft<CertificateSigningRequest>;
export type ClusterTrustBundleDraft = Draft<ClusterTrustBundle>;
export type PodCertificateRequestDraft = Draft<PodCertificateRequest>;
