import type { Draft } from '../../../machinery/object.ts';
import type {
  Container,
  ContainerPort,
  EnvVar,
  HTTPGetAction,
  Lifecycle,
  Probe,
  ResourceRequirements,
} from '../../schema/core-v1.generated.ts';
import { defaultPullPolicy } from './pull-policy.ts';
import { roundResources } from './resource-defaults.ts';

/** Fills in one container of any sort; ephemeral containers are containers in this respect. */
export function setContainerDefaults(container: Draft<Container>): void {
  container.resources ??= {};
  if (!container.imagePullPolicy) container.imagePullPolicy = defaultPullPolicy(container.image ?? '');
  if (!container.terminationMessagePath) container.terminationMessagePath = '/dev/termination-log';
  if (!container.terminationMessagePolicy) container.terminationMessagePolicy = 'File';
  if (container.ports !== undefined) setPortDefaults(container.ports);
  if (container.env !== undefined) setEnvDefaults(container.env);
  setResourceDefaults(container.resources);
  if (container.livenessProbe !== undefined) setProbeDefaults(container.livenessProbe);
  if (container.readinessProbe !== undefined) setProbeDefaults(container.readinessProbe);
  if (container.startupProbe !== undefined) setProbeDefaults(container.startupProbe);
  if (container.lifecycle !== undefined) setLifecycleDefaults(container.lifecycle);
}

function setPortDefaults(ports: Draft<ContainerPort>[]): void {
  for (const port of ports) if (!port.protocol) port.protocol = 'TCP';
}

function setEnvDefaults(variables: Draft<EnvVar>[]): void {
  for (const { valueFrom } of variables) {
    if (valueFrom === undefined) continue;
    if (valueFrom.fieldRef !== undefined && !valueFrom.fieldRef.apiVersion) valueFrom.fieldRef.apiVersion = 'v1';
    if (valueFrom.resourceFieldRef !== undefined) valueFrom.resourceFieldRef.divisor ??= '0';
    if (valueFrom.fileKeyRef !== undefined) valueFrom.fileKeyRef.optional ??= false;
  }
}

function setResourceDefaults(resources: Draft<ResourceRequirements>): void {
  if (resources.limits !== undefined) roundResources(resources.limits);
  if (resources.requests !== undefined) roundResources(resources.requests);
}

function setProbeDefaults(probe: Draft<Probe>): void {
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  if (probe.httpGet !== undefined) setHttpGetDefaults(probe.httpGet);
  if (probe.grpc !== undefined) probe.grpc.service ??= '';
}

function setLifecycleDefaults({ postStart, preStop }: Draft<Lifecycle>): void {
  if (postStart?.httpGet !== undefined) setHttpGetDefaults(postStart.httpGet);
  if (preStop?.httpGet !== undefined) setHttpGetDefaults(preStop.httpGet);
}

function setHttpGetDefaults(action: Draft<HTTPGetAction>): void {
  action.path ||= '/';
  action.scheme ||= 'HTTP';
}
