import type { Service } from '../../resources/schema/core-v1.generated.ts';

/**
 * The variables that tell a container of a namespace where its services are. The API server's own service is always among them, from the
 * default namespace.
 */
export function serviceVariables(
  services: Iterable<Service>,
  namespace: string,
  enableServiceLinks: boolean,
): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  const chosen = new Map<string, Service>();
  for (const service of services) {
    const { clusterIP } = service.spec ?? {};
    if (clusterIP === undefined || clusterIP === '' || clusterIP === 'None') continue;
    const { name = '', namespace: home } = service.metadata;
    const isOwn = home === namespace && enableServiceLinks;
    const isApi = home === 'default' && name === 'kubernetes';
    if (isOwn || (isApi && !chosen.has(name))) chosen.set(name, service);
  }
  for (const [, service] of [...chosen].sort(([a], [b]) => (a < b ? -1 : 1))) addService(service, variables);
  return variables;
}

function addService(service: Service, variables: Map<string, string>): void {
  const { clusterIP = '', ports = [] } = service.spec ?? {};
  const [first] = ports;
  if (first === undefined) return;
  const prefix = (service.metadata.name ?? '').replaceAll('-', '_').toUpperCase();
  const host = clusterIP.includes(':') ? `[${clusterIP}]` : clusterIP;
  variables.set(`${prefix}_SERVICE_HOST`, clusterIP);
  variables.set(`${prefix}_SERVICE_PORT`, String(first.port));
  for (const { name, port } of ports)
    if (name !== undefined && name !== '')
      variables.set(`${prefix}_SERVICE_PORT_${name.replaceAll('-', '_').toUpperCase()}`, String(port));
  for (const [index, { port, protocol = 'TCP' }] of ports.entries()) {
    const url = `${protocol.toLowerCase()}://${host}:${port}`;
    const portPrefix = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
    if (index === 0) variables.set(`${prefix}_PORT`, url);
    variables.set(portPrefix, url);
    variables.set(`${portPrefix}_PROTO`, protocol.toLowerCase());
    variables.set(`${portPrefix}_PORT`, String(port));
    variables.set(`${portPrefix}_ADDR`, clusterIP);
  }
}
