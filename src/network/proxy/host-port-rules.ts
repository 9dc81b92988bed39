import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { parseIpv4 } from '../ipv4.ts';
import { type Rules, RulesBuilder } from './rules.ts';

/** Which ports of the node a pod has, and where they lead. */
export interface HostPort {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** Empty: every address of the node. */
  readonly hostIp: string;
  readonly hostPort: number;
  readonly address: string;
  readonly port: number;
}

/** The host ports of a pod of this node. Pods that have no address yet, have ended or are in the node's network have none. */
export function hostPorts({ spec, status }: Pod): readonly HostPort[] {
  const address = status?.podIP ?? '';
  if (spec === undefined || spec.hostNetwork === true || parseIpv4(address) === undefined) return [];
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return [];
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...sidecars, ...spec.containers].flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort = 0, hostIP = '', containerPort, protocol = 'TCP' }) => {
      const hostIp = hostIP === '0.0.0.0' ? '' : hostIP;
      if (hostPort === 0 || (hostIp !== '' && parseIpv4(hostIp) === undefined)) return [];
      const transport = protocol.toLowerCase() as HostPort['protocol'];
      return [{ protocol: transport, hostIp, hostPort, address, port: containerPort }];
    }),
  );
}

export function hostPortRules(ports: readonly HostPort[]): Rules {
  const rules = new RulesBuilder();
  for (const { protocol, hostIp, hostPort, address, port } of ports) {
    if (hostIp === '') rules.element('host-ports', `${protocol} . ${hostPort}`, `${address} . ${port}`);
    else rules.element('host-address-ports', `${protocol} . ${hostIp} . ${hostPort}`, `${address} . ${port}`);
    rules.element('hairpins', `${address} . ${address}`);
  }
  return rules;
}
