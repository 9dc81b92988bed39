import type { Client } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { LimitRange, Namespace, ResourceQuota, ServiceAccount } from '../../resources/schema/core-v1.generated.ts';
import type { IngressClass } from '../../resources/schema/networking-v1.generated.ts';
import type { PriorityClass } from '../../resources/schema/scheduling-v1.generated.ts';
import type { StorageClass } from '../../resources/schema/storage-v1.generated.ts';
import type { RbacPolicy } from '../authz/rbac-policy.ts';
import type { Authorizer } from '../request.ts';
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificate-requests.ts';
import { claimStatusPermission } from './claim-status-permission.ts';
import { clusterTrustBundleAttest } from './cluster-trust-bundle-attest.ts';
import { defaultIngressClass } from './default-ingress-class.ts';
import { defaultStorageClass } from './default-storage-class.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { deviceAdminAccess } from './device-admin-access.ts';
import { LimitRanger } from './limit-ranger.ts';
import { NamespaceLifecycle } from './namespace-lifecycle.ts';
import { NodeRestriction } from './node-restriction.ts';
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize.ts';
import type { AdmissionPlugin } from './plugin.ts';
import { podCertificateSigning } from './pod-certificates.ts';
import { podResize } from './pod-resize.ts';
import { PodTopologyLabels } from './pod-topology-labels.ts';
import { Priority } from './priority.ts';
import { RbacEscalation } from './rbac-escalation.ts';
import { ResourceQuotaAdmission } from './resource-quota.ts';
import { runtimeClass } from './runtime-class.ts';
import { ServiceAccountAdmission } from './service-account.ts';
import { storageObjectInUseProtection } from './storage-object-in-use-protection.ts';
import { taintNodesByCondition } from './taint-nodes-by-condition.ts';

export interface AdmissionChainOptions {
  /** Reads and writes with the server's own rights; reads are linearizable. */
  readonly client: Client;
  readonly environment: Environment;
  readonly authorizer: Authorizer;
  readonly policy: RbacPolicy;
  readonly namespaces: Informer<Namespace>;
  readonly limitRanges: Informer<LimitRange>;
  readonly resourceQuotas: Informer<ResourceQuota>;
  readonly serviceAccounts: Informer<ServiceAccount>;
  readonly priorityClasses: Informer<PriorityClass>;
  readonly storageClasses: Informer<StorageClass>;
  readonly ingressClasses: Informer<IngressClass>;
}

/**
 * Everything that a write passes between decoding and validation, in the order of Kubernetes: all `admit` one after the other,
 * then all `validate`.
 */
export function admissionChain(options: AdmissionChainOptions): readonly AdmissionPlugin[] {
  const {
    client: reader,
    environment,
    authorizer,
    policy,
    namespaces,
    serviceAccounts,
    priorityClasses,
    storageClasses,
  } = options;
  return [
    new NamespaceLifecycle({ namespaces, reader, environment }),
    new LimitRanger(options.limitRanges, reader, environment),
    new ServiceAccountAdmission({ serviceAccounts, reader, environment }),
    new NodeRestriction(reader, authorizer),
    taintNodesByCondition,
    new Priority(priorityClasses, reader),
    defaultTolerationSeconds,
    defaultStorageClass(storageClasses),
    storageObjectInUseProtection,
    persistentVolumeClaimResize(storageClasses),
    certificateApproval(authorizer),
    certificateSigning(authorizer),
    certificateSubjectRestriction,
    podCertificateSigning(authorizer),
    defaultIngressClass(options.ingressClasses),
    new PodTopologyLabels(reader),
    podResize(reader),
    runtimeClass(reader),
    clusterTrustBundleAttest(authorizer),
    deviceAdminAccess(reader),
    claimStatusPermission(authorizer),
    new RbacEscalation(policy, authorizer, reader),
    // The last one: what is refused after it would have been charged in vain.
    new ResourceQuotaAdmission(options.resourceQuotas, options.client, environment),
  ];
}
