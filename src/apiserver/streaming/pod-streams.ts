import type { Reader } from '../../client/client.ts';
import type { Dialer } from '../../client/dialer.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { badRequest } from '../../machinery/status-errors.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { pods } from '../../resources/schema/resource-types.generated.ts';
import type { HttpRequest, UpgradeResponse } from '../../wire/http.ts';
import type { ConnectHandler, ResourceContext } from '../registry/extension-points.ts';
import { containerOfPod } from './container-of-pod.ts';
import { dialErrorText } from './dial-error.ts';
import { forwardedRequestHeaders, forwardedResponseHeaders } from './forwarded-headers.ts';
import { flagOption, integerOptions } from './query-options.ts';

/** Which flag of the API is which one of the node's agent. */
const flags = { stderr: 'error', stdin: 'input', stdout: 'output', tty: 'tty' } as const;

/** Where a stream leads: to which node, and what its agent is asked. */
interface Location {
  readonly nodeName: string;
  readonly path: string;
}

type Locate = (reader: Reader, context: ResourceContext) => Promise<Location>;

/**
 * `pods/exec`, `pods/attach` and `pods/portforward`. The upgraded connection is handed through as it is, so whatever protocol the
 * client and the node's agent agree on is spoken between those two.
 */
export function podStreams(reader: Reader, dialer: Dialer): readonly ConnectHandler[] {
  return [
    stream('exec', reader, dialer, (...args) => locateContainer('exec', ...args)),
    stream('attach', reader, dialer, (...args) => locateContainer('attach', ...args)),
    stream('portforward', reader, dialer, locatePod),
  ];
}

function stream(subresource: string, reader: Reader, dialer: Dialer, locate: Locate): ConnectHandler {
  return {
    resource: pods,
    subresource,
    methods: ['GET', 'POST'],
    fetch: async (context) => {
      await locate(reader, context);
      throw badRequest('Upgrade request required');
    },
    upgrade: async (context, _, request) => connect(dialer, await locate(reader, context), context, request),
  };
}

async function connect(
  dialer: Dialer,
  { nodeName, path }: Location,
  context: ResourceContext,
  request: HttpRequest,
): Promise<UpgradeResponse> {
  const target = await dialer.node(nodeName);
  const headers = forwardedRequestHeaders(request.headers);
  headers['upgrade'] = request.headers['upgrade'] ?? '';
  try {
    const answer = await target.upgrade({ method: request.method, path, headers, signal: context.signal });
    if (answer.connection !== undefined) return answer;
    return { ...answer, headers: forwardedResponseHeaders(answer.headers) };
  } catch (error) {
    const why = dialErrorText(error);
    throw why === undefined
      ? error
      : new StatusError({ code: 500, message: `error dialing backend: ${why}` }, { cause: error });
  }
}

async function locateContainer(
  stream: 'exec' | 'attach',
  reader: Reader,
  { info, query }: ResourceContext,
): Promise<Location> {
  const { namespace, name } = info;
  const pod = await reader.get(pods, { namespace, name });
  const container = containerOfPod(pod, query.get('container') ?? '');
  const nodeName = hostOf(pod);
  const commands = stream === 'exec' ? query.getAll('command') : [];
  const options = new URLSearchParams(commands.map((word) => ['command', word]));
  for (const [flag, parameter] of Object.entries(flags)) if (flagOption(query, flag)) options.set(parameter, '1');
  return { nodeName, path: pathWith(`/${stream}/${namespace}/${name}/${container}`, options) };
}

async function locatePod(reader: Reader, { info, query }: ResourceContext): Promise<Location> {
  const { namespace, name } = info;
  const nodeName = hostOf(await reader.get(pods, { namespace, name }));
  // Only clients that forward over channels say the ports in the query.
  const ports = integerOptions(query, 'ports');
  const options = new URLSearchParams(ports.length === 0 ? {} : { port: ports.join() });
  return { nodeName, path: pathWith(`/portForward/${namespace}/${name}`, options) };
}

function hostOf(pod: Pod): string {
  const { nodeName = '' } = pod.spec ?? {};
  if (nodeName === '') throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  return nodeName;
}

function pathWith(path: string, query: URLSearchParams): string {
  return query.size === 0 ? path : `${path}?${query}`;
}
