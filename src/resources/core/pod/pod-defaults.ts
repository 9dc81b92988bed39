import type { Draft } from '../../../machinery/object.ts';
import type { Container, Pod, PodSpec } from '../../schema/core-v1.generated.ts';
import { setContainerDefaults } from './container-defaults.ts';
import { requestLimits, roundResources } from './resource-defaults.ts';
import { setVolumeDefaults } from './volume-defaults.ts';

/** What the spec of a pod and that of a template have in common. */
export function setPodSpecDefaults(spec: Draft<PodSpec>): void {
  if (!spec.dnsPolicy) spec.dnsPolicy = 'ClusterFirst';
  if (!spec.restartPolicy) spec.restartPolicy = 'Always';
  if (!spec.schedulerName) spec.schedulerName = 'default-scheduler';
  spec.terminationGracePeriodSeconds ??= 30;
  spec.securityContext ??= {};
  spec.containers ??= [];
  mirrorServiceAccount(spec);
  for (const volume of spec.volumes ?? []) setVolumeDefaults(volume);
  for (const container of spec.initContainers ?? []) setContainerDefaults(container);
  for (const container of spec.containers) setContainerDefaults(container);
  for (const container of spec.ephemeralContainers ?? []) setContainerDefaults(container);
  if (spec.overhead !== undefined) roundResources(spec.overhead);
  if (spec.resources?.limits !== undefined) roundResources(spec.resources.limits);
  if (spec.resources?.requests !== undefined) roundResources(spec.resources.requests);
}

/** `serviceAccount` is the older name of `serviceAccountName`: both are shown, the newer one counts. */
export function mirrorServiceAccount(spec: Draft<PodSpec>): void {
  if (!spec.serviceAccountName && spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount;
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
}

/** A negative grace period is the shortest one. */
export function mendGracePeriod(spec: Draft<PodSpec>): void {
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1;
}

/** What only pods get, not templates: a template leaves it to the pods that are made of it. */
export function setPodDefaults(pod: Draft<Pod>): void {
  pod.spec ??= {} as Draft<PodSpec>;
  pod.status ??= {};
  const { spec, status } = pod;
  setPodSpecDefaults(spec);
  for (const container of spec.containers) requestLimits(container.resources);
  for (const container of spec.initContainers ?? []) requestLimits(container.resources);
  spec.enableServiceLinks ??= true;
  if (spec.hostNetwork === true) {
    for (const container of spec.containers) bindToHost(container);
    for (const container of spec.initContainers ?? []) bindToHost(container);
  }
  mirrorPodIps(status);
}

function bindToHost(container: Draft<Container>): void {
  for (const port of container.ports ?? []) if (!port.hostPort) port.hostPort = port.containerPort;
}

/** `podIP` is the first of `podIPs`; where they disagree the single one is right, which older kubelets write. */
function mirrorPodIps(status: Draft<NonNullable<Pod['status']>>): void {
  const { podIP, podIPs } = status;
  if (podIP && podIP !== podIPs?.[0]?.ip) status.podIPs = [{ ip: podIP }];
  else if (!podIP && podIPs?.[0] !== undefined) status.podIP = podIPs[0].ip;
}
