import type { Reader } from '../../client/client.ts';
import type { Dialer } from '../../client/dialer.ts';
import { badRequest } from '../../machinery/status-errors.ts';
import { nodes } from '../../resources/schema/resource-types.generated.ts';
import type { HttpTarget } from '../../wire/http.ts';
import type { ConnectHandler, ResourceContext } from '../registry/extension-points.ts';
import { portNumber, proxyFetch, proxyMethods, proxyUpgrade, splitProxyName } from './proxy.ts';

/** `nodes/proxy`: requests to the node's agent, or to another port of the node when one is named. */
export function nodeProxy(reader: Reader, dialer: Dialer): ConnectHandler {
  const dial = (context: ResourceContext) => () => dialNode(reader, dialer, context);
  return {
    resource: nodes,
    subresource: 'proxy',
    methods: proxyMethods,
    fetch: (context, path) => proxyFetch(context, path, dial(context)),
    upgrade: (context, path, request) => proxyUpgrade(context, path, request, dial(context)),
  };
}

async function dialNode(reader: Reader, dialer: Dialer, { info }: ResourceContext): Promise<HttpTarget> {
  const asked = splitProxyName(info.name);
  if (asked === undefined) throw badRequest(`invalid node request "${info.name}"`);
  const node = await reader.get(nodes, { name: asked.name });
  const agentPort = node.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 10250;
  if (asked.port === '' || asked.port === String(agentPort)) return dialer.node(asked.name);
  const port = portNumber(asked.port);
  if (port === undefined) throw badRequest(`invalid node request "${info.name}"`);
  return dialer.node(asked.name, port, asked.scheme);
}
