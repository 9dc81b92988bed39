import { nameIsDnsSubdomain } from '../../machinery/names.ts';
import type { Draft } from '../../machinery/object.ts';
import { labelsText } from '../core/labels-text.ts';
import { define } from '../define.ts';
import type { PodCertificateRequest, PodCertificateRequestSpec } from '../schema/certificates-v1.generated.ts';
import { podCertificateRequests } from '../schema/resource-types.generated.ts';
import { shared } from '../shared.ts';
import { validateImmutable } from '../validation/immutable.ts';
import { stateOf } from './pod-certificate-state.ts';
import { validateIssuing } from './validate-issuing.ts';
import { validatePodCertificateRequest } from './validate-pod-certificate-request.ts';

const usualExpirationSeconds = 86_400;
/** What an answer leaves as it is beside the spec. */
const keptMetadata = [
  'deletionTimestamp',
  'generation',
  'labels',
  'annotations',
  'finalizers',
  'ownerReferences',
] as const;

/** What a node asks a signer for on behalf of a pod (KEP-4317). */
export const podCertificateRequestDefinition = define<PodCertificateRequest>(podCertificateRequests, {
  storage: { keyPrefix: '/registry/podcertificaterequests/' },
  setDefaults(request) {
    request.spec ??= {} as Draft<PodCertificateRequestSpec>;
    request.spec.maxExpirationSeconds ??= usualExpirationSeconds;
    request.status ??= {};
  },
  validateName: nameIsDnsSubdomain,
  prepareForCreate(request) {
    request.status = {};
  },
  prepareForUpdate(request, old) {
    request.status = shared(old.status ?? {});
  },
  validate: ({ spec }, errors) => validatePodCertificateRequest(spec, errors),
  validateUpdate: (request, old, errors) =>
    validateImmutable(request.spec, old.spec, 'spec', errors, internalSpec(request.spec)),
  unconditionalUpdate: false,
  status: {
    prepareForUpdate(request, old) {
      request.spec = shared(old.spec);
      for (const name of keptMetadata) keep(request.metadata, old.metadata, name);
    },
    validateUpdate: (request, old, errors, { now }) => validateIssuing(request, old, now, errors),
  },
  row: ({ metadata, spec, status }) => [
    metadata.name ?? '',
    spec.podName,
    spec.serviceAccountName,
    spec.nodeName,
    spec.signerName,
    stateOf(status) ?? 'Pending',
    labelsText(spec.unverifiedUserAnnotations ?? {}),
  ],
});

/** As Kubernetes shows it in a message: its internal form, which has the fields of an older version, too. */
function internalSpec(spec: PodCertificateRequestSpec): object {
  return {
    SignerName: spec.signerName,
    PodName: spec.podName,
    PodUID: spec.podUID,
    ServiceAccountName: spec.serviceAccountName,
    ServiceAccountUID: spec.serviceAccountUID,
    NodeName: spec.nodeName,
    NodeUID: spec.nodeUID,
    MaxExpirationSeconds: spec.maxExpirationSeconds ?? null,
    PKIXPublicKey: null,
    ProofOfPossession: null,
    StubPKCS10Request: spec.stubPKCS10Request,
    UnverifiedUserAnnotations: spec.unverifiedUserAnnotations ?? null,
  };
}

function keep<M extends object, K extends keyof M>(metadata: M, old: { readonly [P in K]?: unknown }, name: K): void {
  const value = old[name] as M[K] | undefined;
  if (value === undefined) delete metadata[name];
  else metadata[name] = value;
}
