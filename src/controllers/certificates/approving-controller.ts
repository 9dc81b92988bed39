import { certificateRequestOf } from '../../resources/certificates/request-text.ts';
import type { SubjectAccessReview } from '../../resources/schema/authorization-v1.generated.ts';
import type { CertificateSigningRequest } from '../../resources/schema/certificates-v1.generated.ts';
import { certificateSigningRequests, subjectAccessReviews } from '../../resources/schema/resource-types.generated.ts';
import { type Controller, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { ownKey } from '../runtime/object-keys.ts';
import { requestInformer } from '../runtime/projections.ts';
import { approve } from './approve.ts';
import { nodeClientProblem, nodeClientSigner } from './node-certificates.ts';
import { isDecided } from './request-state.ts';

interface Recognised {
  /** The subresource of requests that one must be allowed to create. */
  readonly permission: 'selfnodeclient' | 'nodeclient';
  readonly message: string;
}

const renewal: Recognised = {
  permission: 'selfnodeclient',
  message: 'Auto approving self kubelet client certificate after SubjectAccessReview.',
};
const first: Recognised = {
  permission: 'nodeclient',
  message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
};

/** Rights may come after the request that needs them. */
const askAgainMs = 60_000;

/** Approves client certificates of nodes, for requestors that RBAC allows to have them: a first one, or a node's own next one. */
export function approvingController({ client, informers }: ControllerContext): Controller {
  const requests = informers.informer(certificateSigningRequests, requestInformer);
  return {
    name: 'certificatesigningrequest-approving-controller',
    watches: [watching(requests, ownKey)],
    async reconcile(name, signal) {
      const request = requests.get(name);
      if (request === undefined || isDecided(request)) return undefined;
      const recognised = recognise(request);
      for (const { permission, message } of recognised) {
        const review = await client.create(subjectAccessReviews, reviewOf(request, permission), { signal });
        if (review.status?.allowed !== true) continue;
        await approve(client, request, message, signal);
        return undefined;
      }
      return recognised.length === 0 ? undefined : { requeueAfterMs: askAgainMs };
    },
  };
}

function recognise(request: CertificateSigningRequest): readonly Recognised[] {
  const { spec } = request;
  if (spec.signerName !== nodeClientSigner) return [];
  const asked = certificateRequestOf(request);
  if (nodeClientProblem(asked, spec.usages ?? []) !== undefined) return [];
  return spec.username === asked.subject.commonName ? [renewal, first] : [first];
}

function reviewOf({ spec }: CertificateSigningRequest, subresource: string): SubjectAccessReview {
  const { username, uid, groups, extra } = spec;
  return {
    metadata: {},
    spec: {
      user: username,
      uid,
      groups,
      extra,
      resourceAttributes: {
        group: 'certificates.k8s.io',
        resource: 'certificatesigningrequests',
        verb: 'create',
        subresource,
        version: '*',
      },
    },
  };
}
