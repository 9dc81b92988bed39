import type { InformerOptions } from '../../client/informer.ts';
import { certificateRequestOf } from '../../resources/certificates/request-text.ts';
import type { CertificateSigningRequest } from '../../resources/schema/certificates-v1.generated.ts';
import type { Node } from '../../resources/schema/core-v1.generated.ts';
import type { EndpointSlice } from '../../resources/schema/discovery-v1.generated.ts';
import { certificateSigningRequests, endpointSlices, nodes } from '../../resources/schema/resource-types.generated.ts';
import { type Controller, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { keyOf, ownKey } from '../runtime/object-keys.ts';
import { requestInformer, withoutManagedFields } from '../runtime/projections.ts';
import { approve } from './approve.ts';
import { type KnownAddresses, servingObjection } from './decide-serving.ts';
import { nodeServingProblem, nodeServingSigner } from './node-certificates.ts';
import { isDecided } from './request-state.ts';

const byAddress = 'address';
const message = 'Auto approving kubelet serving certificate after comparing its names with the addresses of the node.';

/** What is kept of a node here: its name and addresses. */
const addressInformer: InformerOptions<Node> = {
  projection: ({ metadata, status }) => ({
    metadata: { name: metadata.name, uid: metadata.uid, resourceVersion: metadata.resourceVersion },
    status: { addresses: status?.addresses },
  }),
  indexes: { [byAddress]: ({ status }) => (status?.addresses ?? []).map(({ address }) => address) },
};

const apiServerInformer: InformerOptions<EndpointSlice> = {
  namespace: 'default',
  labelSelector: 'kubernetes.io/service-name=kubernetes',
  projection: withoutManagedFields<EndpointSlice>,
};

/**
 * Approves serving certificates of nodes whose names are the node's own. Kubernetes leaves this to a person, who would compare the
 * same things; nodes of ours must have logs and exec without one.
 */
export function servingApprovingController({ client, informers, logger }: ControllerContext): Controller {
  const requests = informers.informer(certificateSigningRequests, requestInformer);
  const cluster = informers.informer(nodes, addressInformer);
  const apiServers = informers.informer(endpointSlices, apiServerInformer);
  const known: KnownAddresses = {
    node: (name) => cluster.get(name),
    nodesAt: (address) => [...cluster.byIndex(byAddress, address)].map(keyOf),
    isApiServer: (address) =>
      [...apiServers.list()].some(({ endpoints }) =>
        (endpoints ?? []).some(({ addresses }) => addresses.includes(address)),
      ),
  };
  const pendingOf = (name: string) =>
    [...requests.list()].filter(
      (request) =>
        request.spec.signerName === nodeServingSigner &&
        request.spec.username === `system:node:${name}` &&
        !isDecided(request),
    );
  return {
    name: 'kubelet-serving-approving-controller',
    watches: [
      watching(requests, ownKey),
      watching(apiServers, () => []),
      // The addresses may come after the request.
      watching(cluster, ({ object }) => pendingOf(keyOf(object)).map(keyOf)),
    ],
    async reconcile(name, signal) {
      const request = requests.get(name);
      if (request === undefined || isDecided(request) || request.spec.signerName !== nodeServingSigner)
        return undefined;
      const asked = certificateRequestOf(request);
      // What the signer will refuse is left for somebody to see.
      if (nodeServingProblem(asked, request.spec.usages ?? []) !== undefined) return undefined;
      const objection = servingObjection(asked, requestorOf(request), known);
      if (objection === undefined) await approve(client, request, message, signal);
      else logger.info('a serving certificate waits for approval', { request: name, because: objection });
      return undefined;
    },
  };
}

function requestorOf({ spec }: CertificateSigningRequest) {
  return { username: spec.username ?? '', groups: spec.groups ?? [] };
}
