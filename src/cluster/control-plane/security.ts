import { admissionChain } from '../../apiserver/admission/admission-chain.ts';
import type { AdmissionPlugin } from '../../apiserver/admission/plugin.ts';
import { BearerTokens } from '../../apiserver/authn/bearer-tokens.ts';
import { BootstrapTokens } from '../../apiserver/authn/bootstrap-tokens.ts';
import { BoundObjects } from '../../apiserver/authn/bound-objects.ts';
import { ClientCertificates } from '../../apiserver/authn/client-certificates.ts';
import { SecretTokens } from '../../apiserver/authn/secret-tokens.ts';
import { ServiceAccountTokens } from '../../apiserver/authn/service-account-tokens.ts';
import { type StaticToken, StaticTokens } from '../../apiserver/authn/static-tokens.ts';
import { AuthorizerChain } from '../../apiserver/authz/authorizer-chain.ts';
import { NodeAuthorizer } from '../../apiserver/authz/node-authorizer.ts';
import { NodeGraph } from '../../apiserver/authz/node-graph.ts';
import { privilegedGroups } from '../../apiserver/authz/privileged-groups.ts';
import { RbacAuthorizer } from '../../apiserver/authz/rbac-authorizer.ts';
import { RbacPolicy } from '../../apiserver/authz/rbac-policy.ts';
import { nodeRules } from '../../apiserver/bootstrap/bootstrap-objects.ts';
import type { ReviewHandler, SubresourceHandler } from '../../apiserver/registry/extension-points.ts';
import type { Authenticator, Authorizer } from '../../apiserver/request.ts';
import { accessReviews } from '../../apiserver/reviews/access-reviews.ts';
import { RulesReviews } from '../../apiserver/reviews/rules-reviews.ts';
import { SelfSubjectReviews } from '../../apiserver/reviews/self-subject-reviews.ts';
import { TokenReviews } from '../../apiserver/reviews/token-reviews.ts';
import type { TokenIssuer } from '../../apiserver/tokens/token-issuer.ts';
import { TokenRequests } from '../../apiserver/tokens/token-request.ts';
import type { Client } from '../../client/client.ts';
import type { InformerFactory } from '../../client/informer.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import {
  clusterRoleBindings,
  clusterRoles,
  ingressClasses,
  limitRanges,
  namespaces,
  nodes,
  persistentVolumes,
  podCertificateRequests,
  pods,
  priorityClasses,
  resourceQuotas,
  roleBindings,
  roles,
  serviceAccounts,
  storageClasses,
} from '../../resources/schema/resource-types.generated.ts';

export interface SecurityOptions {
  /** Acts as the server itself. */
  readonly client: Client;
  /** On that client. */
  readonly informers: InformerFactory;
  readonly environment: Environment;
  readonly issuer: TokenIssuer;
  readonly staticTokens: readonly StaticToken[];
}

/** Who may come in, what they may do, and what becomes of what they write. */
export interface Security {
  readonly authenticators: readonly Authenticator[];
  readonly authorizer: Authorizer;
  readonly admission: readonly AdmissionPlugin[];
  readonly reviews: readonly ReviewHandler[];
  readonly subresources: readonly SubresourceHandler[];
  close(): void;
}

/** Everything that decides about requests, in the order in which it is asked. */
export function createSecurity({ client, informers, environment, issuer, staticTokens }: SecurityOptions): Security {
  const policy = new RbacPolicy({
    roles: informers.informer(roles),
    clusterRoles: informers.informer(clusterRoles),
    roleBindings: informers.informer(roleBindings),
    clusterRoleBindings: informers.informer(clusterRoleBindings),
  });
  const graph = new NodeGraph(
    informers.informer(pods),
    informers.informer(persistentVolumes),
    informers.informer(podCertificateRequests),
  );
  const authorizer = new AuthorizerChain([
    privilegedGroups,
    new NodeAuthorizer(graph, nodeRules() ?? []),
    new RbacAuthorizer(policy),
  ]);
  const boundObjects = new BoundObjects({
    serviceAccounts: informers.informer(serviceAccounts),
    pods: informers.informer(pods),
    nodes: informers.informer(nodes),
    reader: client,
  });
  const tokens = new BearerTokens(
    [
      new StaticTokens(staticTokens, issuer.apiAudiences),
      new ServiceAccountTokens(issuer, boundObjects, environment),
      new SecretTokens(issuer, boundObjects, client),
      new BootstrapTokens(client, environment, issuer.apiAudiences),
    ],
    issuer.apiAudiences,
  );
  return {
    authenticators: [new ClientCertificates(), tokens],
    authorizer,
    admission: admissionChain({
      client,
      environment,
      authorizer,
      policy,
      namespaces: informers.informer(namespaces),
      limitRanges: informers.informer(limitRanges),
      resourceQuotas: informers.informer(resourceQuotas),
      serviceAccounts: informers.informer(serviceAccounts),
      priorityClasses: informers.informer(priorityClasses),
      storageClasses: informers.informer(storageClasses),
      ingressClasses: informers.informer(ingressClasses),
    }),
    reviews: [
      ...accessReviews(authorizer),
      new RulesReviews(policy),
      new SelfSubjectReviews(environment),
      new TokenReviews(tokens),
    ],
    subresources: [new TokenRequests({ issuer, reader: client, environment })],
    close() {
      policy.close();
      graph.close();
    },
  };
}
