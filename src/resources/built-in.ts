import type { KubeObject } from '../machinery/object.ts';
import { controllerRevisionDefinition } from './apps/controller-revision.ts';
import { daemonSetDefinition } from './apps/daemon-set.ts';
import { deploymentDefinition } from './apps/deployment.ts';
import { replicaSetDefinition } from './apps/replica-set.ts';
import { statefulSetDefinition } from './apps/stateful-set.ts';
import { horizontalPodAutoscalerDefinition } from './autoscaling/horizontal-pod-autoscaler.ts';
import { horizontalPodAutoscalerV1Definition } from './autoscaling/horizontal-pod-autoscaler-v1.ts';
import { cronJobDefinition } from './batch/cron-job.ts';
import { jobDefinition } from './batch/job.ts';
import { certificateSigningRequestDefinition } from './certificates/certificate-signing-request.ts';
import { clusterTrustBundleDefinition } from './certificates/cluster-trust-bundle.ts';
import { podCertificateRequestDefinition } from './certificates/pod-certificate-request.ts';
import { leaseDefinition } from './coordination/lease.ts';
import { componentStatusDefinition } from './core/component-status.ts';
import { configMapDefinition } from './core/config-map.ts';
import { endpointsDefinition } from './core/endpoints.ts';
import { eventDefinition } from './core/event.ts';
import { limitRangeDefinition } from './core/limit-range/limit-range.ts';
import { namespaceDefinition } from './core/namespace.ts';
import { nodeDefinition } from './core/node/node.ts';
import { persistentVolumeDefinition } from './core/persistent-volume/persistent-volume.ts';
import { persistentVolumeClaimDefinition } from './core/persistent-volume-claim/persistent-volume-claim.ts';
import { podDefinition } from './core/pod/pod.ts';
import { podTemplateDefinition } from './core/pod-template.ts';
import { replicationControllerDefinition } from './core/replication-controller.ts';
import { resourceQuotaDefinition } from './core/resource-quota/resource-quota.ts';
import { secretDefinition } from './core/secret.ts';
import { serviceDefinition } from './core/service/service.ts';
import { serviceAccountDefinition } from './core/service-account.ts';
import type { ResourceDefinition } from './definition.ts';
import { endpointSliceDefinition } from './discovery/endpoint-slice.ts';
import { eventsEventDefinition } from './events/event.ts';
import { flowSchemaDefinition } from './flowcontrol/flow-schema.ts';
import { priorityLevelConfigurationDefinition } from './flowcontrol/priority-level-configuration.ts';
import { nodeMetrics } from './metrics/node-metrics.ts';
import { podMetrics } from './metrics/pod-metrics.ts';
import { ingressDefinition } from './networking/ingress.ts';
import { ingressClassDefinition } from './networking/ingress-class.ts';
import { ipAddressDefinition } from './networking/ip-address.ts';
import { networkPolicyDefinition } from './networking/network-policy.ts';
import { serviceCIDRDefinition } from './networking/service-cidr.ts';
import { runtimeClassDefinition } from './node/runtime-class.ts';
import { podDisruptionBudgetDefinition } from './policy/pod-disruption-budget.ts';
import { clusterRoleDefinition } from './rbac/cluster-role.ts';
import { clusterRoleBindingDefinition } from './rbac/cluster-role-binding.ts';
import { roleDefinition } from './rbac/role.ts';
import { roleBindingDefinition } from './rbac/role-binding.ts';
import { deviceClassDefinition } from './resource/device-class.ts';
import { deviceTaintRuleDefinition } from './resource/device-taint-rule.ts';
import { resourceClaimDefinition } from './resource/resource-claim.ts';
import { resourceClaimTemplateDefinition } from './resource/resource-claim-template.ts';
import { resourceSliceDefinition } from './resource/resource-slice.ts';
import {
  localSubjectAccessReviewDefinition,
  selfSubjectAccessReviewDefinition,
  selfSubjectReviewDefinition,
  selfSubjectRulesReviewDefinition,
  subjectAccessReviewDefinition,
  tokenReviewDefinition,
} from './reviews.ts';
import { priorityClassDefinition } from './scheduling/priority-class.ts';
import { csiDriverDefinition } from './storage/csi-driver.ts';
import { csiNodeDefinition } from './storage/csi-node.ts';
import { csiStorageCapacityDefinition } from './storage/csi-storage-capacity.ts';
import { storageClassDefinition } from './storage/storage-class.ts';
import { volumeAttachmentDefinition } from './storage/volume-attachment.ts';
import { volumeAttributesClassDefinition } from './storage/volume-attributes-class.ts';
import { storageVersionMigrationDefinition } from './storagemigration/storage-version-migration.ts';

/**
 * Every kind that a server serves without CRDs. The type parameter is forgotten here: each definition is only ever handed
 * objects of its own kind, which its `type` and `schema` vouch for.
 */
export const builtInDefinitions: readonly ResourceDefinition[] = [
  forget(configMapDefinition),
  forget(endpointsDefinition),
  forget(eventDefinition),
  forget(limitRangeDefinition),
  forget(namespaceDefinition),
  forget(nodeDefinition),
  forget(podDefinition),
  forget(podTemplateDefinition),
  forget(persistentVolumeDefinition),
  forget(persistentVolumeClaimDefinition),
  forget(replicationControllerDefinition),
  forget(resourceQuotaDefinition),
  forget(secretDefinition),
  forget(serviceDefinition),
  forget(serviceAccountDefinition),
  forget(controllerRevisionDefinition),
  forget(daemonSetDefinition),
  forget(deploymentDefinition),
  forget(replicaSetDefinition),
  forget(statefulSetDefinition),
  forget(horizontalPodAutoscalerDefinition),
  forget(horizontalPodAutoscalerV1Definition),
  forget(cronJobDefinition),
  forget(jobDefinition),
  forget(certificateSigningRequestDefinition),
  forget(clusterTrustBundleDefinition),
  forget(podCertificateRequestDefinition),
  forget(leaseDefinition),
  forget(endpointSliceDefinition),
  forget(eventsEventDefinition),
  forget(flowSchemaDefinition),
  forget(priorityLevelConfigurationDefinition),
  forget(ingressDefinition),
  forget(ingressClassDefinition),
  forget(ipAddressDefinition),
  forget(networkPolicyDefinition),
  forget(serviceCIDRDefinition),
  forget(runtimeClassDefinition),
  forget(podDisruptionBudgetDefinition),
  forget(clusterRoleDefinition),
  forget(clusterRoleBindingDefinition),
  forget(roleDefinition),
  forget(roleBindingDefinition),
  forget(deviceClassDefinition),
  forget(deviceTaintRuleDefinition),
  forget(resourceClaimDefinition),
  forget(resourceClaimTemplateDefinition),
  forget(resourceSliceDefinition),
  forget(priorityClassDefinition),
  forget(csiDriverDefinition),
  forget(csiNodeDefinition),
  forget(csiStorageCapacityDefinition),
  forget(storageClassDefinition),
  forget(volumeAttachmentDefinition),
  forget(volumeAttributesClassDefinition),
  forget(storageVersionMigrationDefinition),
  forget(tokenReviewDefinition),
  forget(selfSubjectReviewDefinition),
  forget(subjectAccessReviewDefinition),
  forget(localSubjectAccessReviewDefinition),
  forget(selfSubjectAccessReviewDefinition),
  forget(selfSubjectRulesReviewDefinition),
];

/** How the parts of the control plane are, worked out when it is read; served where they are known. */
export const componentStatusDefinitions: readonly ResourceDefinition[] = [forget(componentStatusDefinition)];

/** What nodes and pods use, worked out when it is read; served where there is a way to nodes. */
export const metricsDefinitions: readonly ResourceDefinition[] = [forget(nodeMetrics), forget(podMetrics)];

function forget<T extends KubeObject>(definition: ResourceDefinition<T>): ResourceDefinition {
  return definition as unknown as ResourceDefinition;
}
