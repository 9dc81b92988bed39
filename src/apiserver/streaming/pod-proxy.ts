import type { Reader } from '../../client/client.ts';
import type { Dialer } from '../../client/dialer.ts';
import { badRequest } from '../../machinery/status-errors.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { pods } from '../../resources/schema/resource-types.generated.ts';
import type { HttpTarget } from '../../wire/http.ts';
import type { ConnectHandler, ResourceContext } from '../registry/extension-points.ts';
import { portNumber, proxyFetch, proxyMethods, proxyUpgrade, splitProxyName } from './proxy.ts';

/** `pods/proxy`: requests to a port of a pod, the first it declares unless named. */
export function podProxy(reader: Reader, dialer: Dialer): ConnectHandler {
  const dial = (context: ResourceContext) => () => dialPod(reader, dialer, context);
  return {
    resource: pods,
    subresource: 'proxy',
    methods: proxyMethods,
    fetch: (context, path) => proxyFetch(context, path, dial(context)),
    upgrade: (context, path, request) => proxyUpgrade(context, path, request, dial(context)),
  };
}

async function dialPod(reader: Reader, dialer: Dialer, { info }: ResourceContext): Promise<HttpTarget> {
  const { namespace } = info;
  const asked = splitProxyName(info.name);
  if (asked === undefined) throw badRequest(`invalid pod request "${info.name}"`);
  const pod = await reader.get(pods, { namespace, name: asked.name });
  if ((pod.status?.podIP ?? '') === '') throw badRequest('address not allowed');
  const port = asked.port === '' ? declaredPort(pod) : portNumber(asked.port);
  if (port === undefined) throw badRequest(`invalid pod request "${info.name}"`);
  return dialer.pod(namespace, asked.name, port, asked.scheme);
}

function declaredPort(pod: Pod): number {
  const ports = (pod.spec?.containers ?? []).flatMap((container) => container.ports ?? []);
  return ports[0]?.containerPort ?? 80;
}
