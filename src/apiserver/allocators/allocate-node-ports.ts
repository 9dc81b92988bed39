import { invalid } from '../../machinery/field-errors.ts';
import type { Draft } from '../../machinery/object.ts';
import { internalError, invalidObject } from '../../machinery/status-errors.ts';
import type { Service, ServicePort, ServiceSpec } from '../../resources/schema/core-v1.generated.ts';
import type { Allocation } from './allocation.ts';
import type { ServicePools } from './service-pools.ts';
import { needsHealthCheck, nodePortsOf, specOf, typeOf, wantsNodePorts } from './service-spec.ts';

/**
 * Gives the ports of a service their node ports, and takes back those it no longer has. Ports of the same number and different
 * protocols share one. Throws Invalid.
 */
export function allocateNodePorts(
  service: Draft<Service>,
  spec: Draft<ServiceSpec>,
  old: Service | undefined,
  pools: ServicePools,
  allocation: Allocation,
): void {
  const before = old === undefined ? undefined : specOf(old);
  const type = typeOf(spec);
  const held = new Set(before === undefined ? [] : nodePortsOf(before));
  const exposed = type === 'NodePort' || type === 'LoadBalancer';
  if (exposed && before === undefined) firstPorts(service, spec, pools, allocation);
  if (exposed && before !== undefined) changedPorts(service, spec, held, pools, allocation);
  const kept = new Set(exposed ? nodePortsOf(spec) : []);
  for (const port of held) if (!kept.has(port)) releasePort(port, pools, allocation);
  allocateHealthCheck(spec, before, pools, allocation);
}

function firstPorts(
  service: Draft<Service>,
  spec: Draft<ServiceSpec>,
  pools: ServicePools,
  allocation: Allocation,
): void {
  const ports = spec.ports ?? [];
  const byNumber = new Map<number, number>();
  for (const [index, port] of ports.entries()) {
    if (!port.nodePort && !wantsNodePorts(spec)) continue;
    const shared = byNumber.get(port.port);
    if (shared !== undefined) {
      if (!port.nodePort) port.nodePort = shared;
      else if (port.nodePort !== shared) takePort(service, index, port.nodePort, pools, allocation);
      continue;
    }
    const wanted = ports.find((each) => each.port === port.port && each.nodePort)?.nodePort;
    port.nodePort = wanted ?? nextPort(pools, allocation);
    if (wanted !== undefined) takePort(service, index, wanted, pools, allocation);
    byNumber.set(port.port, port.nodePort);
  }
}

function changedPorts(
  service: Draft<Service>,
  spec: Draft<ServiceSpec>,
  held: ReadonlySet<number>,
  pools: ServicePools,
  allocation: Allocation,
): void {
  const taken = new Set<number>();
  const seen = new Set<string>();
  for (const [index, port] of (spec.ports ?? []).entries()) {
    if (!port.nodePort && !wantsNodePorts(spec)) continue;
    if (!port.nodePort) port.nodePort = nextPort(pools, allocation);
    else if (!held.has(port.nodePort) && !taken.has(port.nodePort)) {
      takePort(service, index, port.nodePort, pools, allocation);
    }
    taken.add(port.nodePort);
    const key = describe(port);
    if (seen.has(key)) throw internalError(`duplicate nodePort: ${key}`);
    seen.add(key);
  }
}

function describe({ protocol = 'TCP', nodePort }: Draft<ServicePort>): string {
  return `{${protocol} ${nodePort}}`;
}

function allocateHealthCheck(
  spec: Draft<ServiceSpec>,
  before: ReturnType<typeof specOf> | undefined,
  pools: ServicePools,
  allocation: Allocation,
): void {
  const needed = before !== undefined && needsHealthCheck(before);
  const needs = needsHealthCheck(spec);
  if (needed && !needs && before.healthCheckNodePort) releasePort(before.healthCheckNodePort, pools, allocation);
  if (!needs || needed) return;
  if (!spec.healthCheckNodePort) {
    spec.healthCheckNodePort = nextPort(pools, allocation);
    return;
  }
  const why = portProblem(spec.healthCheckNodePort, pools, allocation);
  if (why === undefined) return;
  throw internalError(`failed to allocate requested HealthCheck NodePort ${spec.healthCheckNodePort}: ${why}`);
}

function takePort(
  service: Draft<Service>,
  index: number,
  port: number,
  pools: ServicePools,
  allocation: Allocation,
): void {
  const why = portProblem(port, pools, allocation);
  if (why === undefined) return;
  const error = invalid(`spec.ports[${index}].nodePort`, port, why);
  throw invalidObject({ group: '', kind: 'Service' }, service.metadata.name ?? '', [error]);
}

/** Takes the port, or says why not. */
function portProblem(port: number, pools: ServicePools, allocation: Allocation): string | undefined {
  const place = pools.placeOfPort(port);
  if (place === undefined) {
    const range = `${pools.firstPort}-${pools.lastPort}`;
    return `provided port is not in the valid range. The range of valid ports is ${range}`;
  }
  return allocation.take(...place) ? undefined : 'provided port is already allocated';
}

function nextPort(pools: ServicePools, allocation: Allocation): number {
  const offset = allocation.takeNext(pools.ports);
  if (offset === undefined) throw internalError('failed to allocate a nodePort: range is full');
  return pools.firstPort + offset;
}

function releasePort(port: number, pools: ServicePools, allocation: Allocation): void {
  const place = pools.placeOfPort(port);
  if (place !== undefined) allocation.releaseLater(...place);
}
