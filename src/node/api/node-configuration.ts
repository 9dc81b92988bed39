import { formatGoDuration } from '../../machinery/go-duration.ts';
import type { NodeConfig } from '../config.ts';
import { answersHoldMs } from './node-access.ts';

/** What `/configz` answers: how the node behaves, in the fields of a `KubeletConfiguration` for what it has in common with a kubelet. */
export function nodeConfiguration(config: NodeConfig): object {
  const { eviction, imageCollection, crashBackOffMs } = config;
  return {
    kubeletconfig: {
      kind: 'KubeletConfiguration',
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      enableServer: true,
      podLogsDir: config.podLogsDirectory,
      address: '0.0.0.0',
      port: config.port,
      authentication: {
        x509: {},
        webhook: { enabled: true, cacheTTL: formatGoDuration(answersHoldMs.token) },
        anonymous: { enabled: false },
      },
      authorization: {
        mode: 'Webhook',
        webhook: {
          cacheAuthorizedTTL: formatGoDuration(answersHoldMs.allowed),
          cacheUnauthorizedTTL: formatGoDuration(answersHoldMs.refused),
        },
      },
      clusterDomain: config.clusterDomain,
      clusterDNS: config.clusterDns,
      nodeStatusUpdateFrequency: formatGoDuration(config.nodeStatusUpdateMs),
      nodeStatusReportFrequency: formatGoDuration(config.nodeStatusReportMs),
      nodeLeaseDurationSeconds: config.leaseDurationSeconds,
      imageMinimumGCAge: formatGoDuration(imageCollection.minAgeMs),
      imageGCHighThresholdPercent: imageCollection.highPercent,
      imageGCLowThresholdPercent: imageCollection.lowPercent,
      cgroupRoot: config.cgroupRoot,
      cgroupsPerQOS: true,
      cgroupDriver: 'cgroupfs',
      maxPods: config.maxPods,
      resolvConf: config.resolvConf,
      serializeImagePulls: config.maxParallelImagePulls === 1,
      maxParallelImagePulls: config.maxParallelImagePulls,
      evictionHard: eviction.hard,
      evictionSoft: eviction.soft,
      evictionSoftGracePeriod: Object.fromEntries(
        Object.entries(eviction.softGracePeriodMs).map(([signal, ms]) => [signal, formatGoDuration(ms)]),
      ),
      evictionMaxPodGracePeriod: eviction.maxPodGracePeriodSeconds,
      evictionMinimumReclaim: eviction.minimumReclaim,
      evictionPressureTransitionPeriod: formatGoDuration(eviction.pressureTransitionMs),
      containerLogMaxSize: String(config.containerLogMaxBytes),
      containerLogMaxFiles: config.containerLogMaxFiles,
      containerLogMonitorInterval: formatGoDuration(config.logRotationMs),
      systemReserved: config.systemReserved,
      kubeReserved: config.kubeReserved,
      crashLoopBackOff: { maxContainerRestartPeriod: formatGoDuration(crashBackOffMs.maximum) },
      registerWithTaints: config.nodeTaints,
      registerNode: true,
      enableDebuggingHandlers: true,
      enableSystemLogHandler: true,
      enableSystemLogQuery: false,
      enableProfilingHandler: false,
      enableDebugFlagsHandler: false,
    },
  };
}
