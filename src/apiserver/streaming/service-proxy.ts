import type { Dialer } from '../../client/dialer.ts';
import { badRequest } from '../../machinery/status-errors.ts';
import { services } from '../../resources/schema/resource-types.generated.ts';
import type { HttpTarget } from '../../wire/http.ts';
import type { ConnectHandler, ResourceContext } from '../registry/extension-points.ts';
import { proxyFetch, proxyMethods, proxyUpgrade, splitProxyName } from './proxy.ts';

/** `services/proxy`: requests to one of the ready endpoints behind a port of a service, named by number or name. */
export function serviceProxy(dialer: Dialer): ConnectHandler {
  const dial = (context: ResourceContext) => () => dialService(dialer, context);
  return {
    resource: services,
    subresource: 'proxy',
    methods: proxyMethods,
    fetch: (context, path) => proxyFetch(context, path, dial(context)),
    upgrade: (context, path, request) => proxyUpgrade(context, path, request, dial(context)),
  };
}

async function dialService(dialer: Dialer, { info }: ResourceContext): Promise<HttpTarget> {
  const asked = splitProxyName(info.name);
  if (asked === undefined) throw badRequest(`invalid service request "${info.name}"`);
  const port = /^\d+$/.test(asked.port) ? Number(asked.port) : asked.port;
  return dialer.service(info.namespace, asked.name, port, asked.scheme);
}
