import { type Counter, exponentialBuckets, type Family, type Histogram } from '../../machinery/metrics.ts';
import type { Container, Pod, ResourceRequirements } from '../../resources/schema/core-v1.generated.ts';
import type { KubeletFamilies } from './kubelet-families.ts';

/** Why pods are refused, as far as it is told apart: whatever else a reason may be, there must not be a series for each. */
const knownReasons: ReadonlySet<string> = new Set([
  'AppArmor',
  'Evicted',
  'InitContainerRestartPolicyForbidden',
  'InvalidNodeInfo',
  'NodeShutdown',
  'OutOfcpu',
  'OutOfephemeral-storage',
  'OutOfmemory',
  'OutOfpods',
  'PodFeatureUnsupported',
  'PodLevelResourcesNotSupported',
  'PodOSNotSupported',
  'PodOSSelectorNodeLabelDoesNotMatch',
  'SupplementalGroupsPolicyNotSupported',
  'SysctlForbidden',
  'TopologyAffinityError',
  'UnexpectedAdmissionError',
  'UnexpectedPredicateFailureType',
  'UnknownReason',
  'VolumeAttachmentLimitExceeded',
]);

/** What a pod is refused for before anything else is looked at. */
const earlyReasons: ReadonlySet<string> = new Set(['Evicted', 'SysctlForbidden']);

/** Which pods a node takes, and why it refuses others. */
export class PodAdmissions {
  readonly #rejections: Family<Counter>;
  readonly #containers: Histogram;
  readonly #resources: Family<Counter>;
  readonly #aligned: Counter;
  readonly #alignment: Histogram;

  constructor(families: KubeletFamilies) {
    this.#rejections = families.counter('admission_rejections_total', 'Pods that were refused, by why', 'reason');
    this.#containers = families
      .histogram('containers_per_pod_count', 'How many containers pods have', exponentialBuckets(1, 2, 5))
      .with();
    this.#resources = families.counter(
      'pod_level_resources_admission_total',
      'Pods that were taken, by where they say what they need',
      'config_mode',
      'qos_class',
    );
    this.#aligned = families
      .counter(
        'topology_manager_admission_requests_total',
        'Pods of which it was asked whether the topology suits them',
      )
      .with();
    this.#alignment = families
      .histogram(
        'topology_manager_admission_duration_ms',
        'How long it took to tell whether the topology suits a pod',
        exponentialBuckets(0.05, 2, 15),
      )
      .with();
  }

  taken(pod: Pod): void {
    this.#align();
    this.#containers.observe(pod.spec?.containers.length ?? 0);
    this.#resources.with(resourceMode(pod), (pod.status?.qosClass ?? '').toLowerCase()).add();
  }

  refused(reason: string): void {
    if (!earlyReasons.has(reason)) this.#align();
    const other = reason.startsWith('OutOf') ? 'OutOfExtendedResources' : 'Other';
    this.#rejections.with(knownReasons.has(reason) ? reason : other).add();
  }

  /** A manager whose policy is `none` is asked all the same, and any topology suits it. */
  #align(): void {
    this.#aligned.add();
    this.#alignment.observe(0);
  }
}

function resourceMode({ spec }: Pod): string {
  const asks = (resources: ResourceRequirements | undefined) =>
    Object.keys({ ...resources?.requests, ...resources?.limits }).length > 0;
  const containers: readonly Container[] = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  const inContainers = containers.some(({ resources }) => asks(resources));
  if (asks(spec?.resources)) return inContainers ? 'pod_and_container_level' : 'pod_level';
  return inContainers ? 'container_level' : '';
}
