import type { Draft } from '../../machinery/object.ts';
import type { Service, ServiceSpec } from '../../resources/schema/core-v1.generated.ts';
import { needsHealthCheck, type Spec, sameList, specOf, typeOf, wantsNodePorts } from './service-spec.ts';

/**
 * Brings `clusterIP` and `clusterIPs` into line, and on an update keeps what was given to the service and its manifest leaves out:
 * applying the same file again must succeed.
 */
export function continueService(spec: Draft<ServiceSpec>, old: Service | undefined): void {
  if (old === undefined) {
    if (spec.clusterIP && (spec.clusterIPs ?? []).length === 0) spec.clusterIPs = [spec.clusterIP];
    return;
  }
  const before = specOf(old);
  keepAddresses(spec, before);
  keepNodePorts(spec, before);
  if (needsHealthCheck(before) && needsHealthCheck(spec) && !spec.healthCheckNodePort && before.healthCheckNodePort) {
    spec.healthCheckNodePort = before.healthCheckNodePort;
  }
  alignAddresses(spec, before);
}

function keepAddresses(spec: Draft<ServiceSpec>, before: Spec): void {
  if (typeOf(before) === 'ExternalName' || typeOf(spec) === 'ExternalName') return;
  if (!spec.clusterIP && before.clusterIP) spec.clusterIP = before.clusterIP;
  if ((spec.clusterIPs ?? []).length === 0 && spec.clusterIP === before.clusterIP && before.clusterIPs !== undefined) {
    spec.clusterIPs = [...before.clusterIPs];
  }
}

/** Ports keep their node port by name, unless another port of the service has taken it. */
function keepNodePorts(spec: Draft<ServiceSpec>, before: Spec): void {
  if (!wantsNodePorts(before) || !wantsNodePorts(spec)) return;
  const portsOf = (each: Spec) => new Set((each.ports ?? []).map((port) => port.nodePort ?? 0));
  const used = portsOf(before).intersection(portsOf(spec));
  const byName = new Map((before.ports ?? []).map((port) => [port.name ?? '', port.nodePort ?? 0]));
  for (const port of spec.ports ?? []) {
    const kept = byName.get(port.name ?? '') ?? 0;
    if (!port.nodePort && kept !== 0 && !used.has(kept)) port.nodePort = kept;
  }
}

/** Clients that know one of the two fields alone change that one. */
function alignAddresses(spec: Draft<ServiceSpec>, before: Spec): void {
  const given = spec.clusterIP ?? '';
  const known = before.clusterIP ?? '';
  const list = before.clusterIPs ?? [];
  if (list.length > 0 && (spec.clusterIPs ?? []).length === 0 && known === given) spec.clusterIPs = [...list];
  if (known === given || !sameList(spec.clusterIPs, list)) return;
  if (known !== '' && given === '') delete spec.clusterIPs;
  else spec.clusterIPs = [given];
}
