import type { Client } from '../client/client.ts';
import { QueuedEventRecorder } from '../client/event-recorder.ts';
import type { InformerFactory } from '../client/informer.ts';
import type { Environment } from '../machinery/environment/environment.ts';
import type { Logger } from '../machinery/log.ts';
import type { MetricRegistry } from '../machinery/metrics.ts';
import type { CertificateAuthority } from '../wire/pki/certificate-authority.ts';
import { bootstrapSignerController } from './bootstrap/bootstrap-signer-controller.ts';
import { tokenCleanerController } from './bootstrap/token-cleaner-controller.ts';
import { approvingController } from './certificates/approving-controller.ts';
import { requestCleanerController } from './certificates/cleaner-controller.ts';
import { podCertificateCleanerController } from './certificates/pod-certificate-cleaner-controller.ts';
import { servingApprovingController } from './certificates/serving-approving-controller.ts';
import { signingController } from './certificates/signing-controller.ts';
import { type ClusterDnsOptions, clusterDnsController } from './cluster-dns/cluster-dns-controller.ts';
import { clusterRoleAggregationController } from './cluster-role-aggregation/cluster-role-aggregation-controller.ts';
import { cronJobController } from './cronjob/cron-job-controller.ts';
import { daemonSetController } from './daemonset/daemon-set-controller.ts';
import { deploymentController } from './deployment/deployment-controller.ts';
import { disruptionController } from './disruption/disruption-controller.ts';
import { endpointsController } from './endpoints/endpoints-controller.ts';
import { endpointSliceController } from './endpointslice/endpoint-slice-controller.ts';
import { endpointSliceMirroringController } from './endpointslice-mirroring/endpoint-slice-mirroring-controller.ts';
import { ephemeralVolumeController } from './ephemeral-volume/ephemeral-volume-controller.ts';
import { flowSchemaController } from './flow-schema/flow-schema-controller.ts';
import { garbageCollector } from './garbage-collector/garbage-collector.ts';
import { jobController } from './job/job-controller.ts';
import { jobOrphanController } from './job/job-orphan-controller.ts';
import { namespaceController } from './namespace/namespace-controller.ts';
import { nodeIpamController } from './node-ipam/node-ipam-controller.ts';
import { type NodeLifecycleOptions, nodeLifecycleController } from './node-lifecycle/node-lifecycle-controller.ts';
import { claimController } from './persistent-volume/claim-controller.ts';
import {
  attributesClassProtectionController,
  claimProtectionController,
  volumeProtectionController,
} from './persistent-volume/protection-controllers.ts';
import { volumeController } from './persistent-volume/volume-controller.ts';
import { podGcController } from './pod-gc/pod-gc-controller.ts';
import { horizontalPodAutoscalerController } from './podautoscaler/horizontal-pod-autoscaler-controller.ts';
import { replicaSetController } from './replicaset/replica-set-controller.ts';
import { replicationController } from './replication/replication-controller.ts';
import { resourceClaimController } from './resource-claim/resource-claim-controller.ts';
import { resourceQuotaController } from './resource-quota/resource-quota-controller.ts';
import { rootCaController } from './root-ca/root-ca-controller.ts';
import type { Controller } from './runtime/controller.ts';
import type { ControllerContext } from './runtime/controller-context.ts';
import { ControllerRunner } from './runtime/controller-runner.ts';
import type { Discovery } from './runtime/discovery.ts';
import { ipAddressController } from './service-cidr/ip-address-controller.ts';
import { serviceCIDRController } from './service-cidr/service-cidr-controller.ts';
import { type SecretTokenOptions, secretTokenController } from './serviceaccount/secret-token-controller.ts';
import { serviceAccountController } from './serviceaccount/service-account-controller.ts';
import { statefulSetController } from './statefulset/stateful-set-controller.ts';
import { storageVersionMigrator } from './storage-version-migrator/storage-version-migrator.ts';
import { taintEvictionController } from './taint-eviction/taint-eviction-controller.ts';
import { ttlController } from './ttl/ttl-controller.ts';
import { ttlAfterFinishedController } from './ttl-after-finished/ttl-after-finished-controller.ts';

export interface ControllerSettings {
  /** What the cluster serves: content of namespaces, and owners and dependents. */
  readonly discovery: Discovery;
  /** PEM of what pods verify the API server by. */
  readonly certificates: string;
  /** Signs certificate requests. */
  readonly authority: () => CertificateAuthority;
  /** A token of a ServiceAccount that counts as long as the Secret of this name holds it. */
  readonly signSecretToken: SecretTokenOptions['sign'];
  /** Ranges of pod addresses to give to nodes. */
  readonly nodeRanges: readonly string[];
  /** Where nodes keep volumes that are provisioned for them. */
  readonly volumeDirectory: string;
  /** Absent: the cluster has no name server of ours. */
  readonly dns?: ClusterDnsOptions | undefined;
  readonly nodeLifecycle?: NodeLifecycleOptions | undefined;
}

export interface ControllersOptions {
  /** A client that acts as this ServiceAccount of kube-system, and writes as the field manager `kube-controller-manager`. */
  readonly clientFor: (serviceAccount: string) => Client;
  readonly informers: InformerFactory;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly metrics: MetricRegistry;
  readonly settings: ControllerSettings;
}

/** All controllers at work. */
export interface RunningControllers {
  stop(): Promise<void>;
}

/** As long as `kube-controller-manager` lets certificates live. */
const certificateLifeMs = 365 * 24 * 3600_000;

type Make = (context: ControllerContext) => Controller;

/**
 * Every controller with the ServiceAccount it acts as, whose rights are in the bootstrap roles. `component` is who its events are
 * from, where that is another name.
 */
function controllers({
  discovery,
  certificates,
  authority,
  signSecretToken: sign,
  nodeRanges,
  volumeDirectory,
  dns,
  nodeLifecycle,
}: ControllerSettings): readonly (readonly [account: string, make: Make, component?: string])[] {
  return [
    ['replicaset-controller', replicaSetController],
    ['replication-controller', replicationController],
    ['deployment-controller', deploymentController],
    ['statefulset-controller', statefulSetController],
    ['job-controller', jobController],
    ['job-controller', jobOrphanController],
    ['cronjob-controller', cronJobController],
    ['ttl-after-finished-controller', ttlAfterFinishedController],
    ['daemon-set-controller', daemonSetController, 'daemonset-controller'],
    [
      'disruption-controller',
      (context) => disruptionController(context, { discover: () => discovery.resources() }),
      'controllermanager',
    ],
    ['endpointslice-controller', endpointSliceController],
    ['endpoint-controller', endpointsController],
    ['endpointslicemirroring-controller', endpointSliceMirroringController, 'endpoint-slice-mirroring-controller'],
    ['service-cidrs-controller', serviceCIDRController, 'service-cidr-controller'],
    ['flow-schema-controller', flowSchemaController],
    ['ip-address-controller', ipAddressController, 'ipallocator-repair-controller'],
    ['namespace-controller', (context) => namespaceController(context, { discover: () => discovery.resources() })],
    ['service-account-controller', serviceAccountController],
    ['secret-token-controller', (context) => secretTokenController(context, { certificates, sign })],
    ['root-ca-cert-publisher', (context) => rootCaController(context, { certificates })],
    ['generic-garbage-collector', (context) => garbageCollector(context, discovery), 'garbage-collector-controller'],
    ['resourcequota-controller', (context) => resourceQuotaController(context, discovery)],
    ['resource-claim-controller', resourceClaimController, 'resource_claim'],
    ['storage-version-migrator-controller', (context) => storageVersionMigrator(context, discovery)],
    ['node-controller', (context) => nodeLifecycleController(context, nodeLifecycle)],
    ['node-controller', taintEvictionController, 'taint-eviction-controller'],
    ['node-controller', (context) => nodeIpamController(context, { ranges: nodeRanges })],
    ['ttl-controller', ttlController],
    ['pod-garbage-collector', podGcController],
    [
      'horizontal-pod-autoscaler',
      (context) => horizontalPodAutoscalerController(context, { discover: () => discovery.resources() }),
    ],
    [
      'persistent-volume-binder',
      (context) => claimController(context, { directory: volumeDirectory }),
      'persistentvolume-controller',
    ],
    ['persistent-volume-binder', volumeController, 'persistentvolume-controller'],
    ['ephemeral-volume-controller', ephemeralVolumeController, 'ephemeral_volume'],
    ['pvc-protection-controller', claimProtectionController],
    ['pv-protection-controller', volumeProtectionController],
    ['volumeattributesclass-protection-controller', attributesClassProtectionController],
    ['clusterrole-aggregation-controller', clusterRoleAggregationController],
    ['certificate-controller', approvingController],
    ['kubelet-serving-approver', servingApprovingController],
    ['certificate-controller', (context) => signingController(context, { authority, validityMs: certificateLifeMs })],
    ['certificate-controller', requestCleanerController],
    ['podcertificaterequestcleaner', podCertificateCleanerController],
    ['bootstrap-signer', bootstrapSignerController],
    ['token-cleaner', tokenCleanerController],
    ...(dns === undefined
      ? []
      : [['cluster-dns-controller', (context: ControllerContext) => clusterDnsController(context, dns)] as const]),
  ];
}

/** Starts every controller; each works from the moment its caches have been filled. */
export function startControllers(options: ControllersOptions): RunningControllers {
  const { clientFor, informers, environment, logger, metrics } = options;
  const running = controllers(options.settings).map(([account, make, component = account]) => {
    const client = clientFor(account);
    const events = new QueuedEventRecorder({ client, environment, logger, metrics, source: { component } });
    const controller = make({ client, informers, environment, events, logger, metrics });
    return { runner: new ControllerRunner(controller, { environment, logger, metrics }), events };
  });
  return {
    async stop() {
      await Promise.all(running.map(({ runner }) => runner.stop()));
      await Promise.all(running.map(({ events }) => events.stop()));
    },
  };
}
