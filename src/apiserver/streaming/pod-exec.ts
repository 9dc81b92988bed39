import type { Reader } from '../../client/client.ts';
import type { Dialer } from '../../client/dialer.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { badRequest } from '../../machinery/status-errors.ts';
import { pods } from '../../resources/schema/resource-types.generated.ts';
import type { HttpRequest, UpgradeResponse } from '../../wire/http.ts';
import type { ConnectHandler, ResourceContext } from '../registry/extension-points.ts';
import { containerOfPod } from './container-of-pod.ts';
import { dialErrorText } from './dial-error.ts';
import { forwardedRequestHeaders, forwardedResponseHeaders } from './forwarded-headers.ts';
import { flagOption } from './query-options.ts';

/** Which flag of the API is which one of the node's agent. */
const flags = { stderr: 'error', stdin: 'input', stdout: 'output', tty: 'tty' } as const;

/**
 * `pods/exec`: a command in a container. The upgraded connection is handed through as it is, so whatever protocol the client and
 * the node's agent agree on is spoken between those two.
 */
export function podExec(reader: Reader, dialer: Dialer): ConnectHandler {
  return {
    resource: pods,
    subresource: 'exec',
    methods: ['GET', 'POST'],
    fetch: async (context) => {
      await locate(reader, context);
      throw badRequest('Upgrade request required');
    },
    upgrade: (context, _, request) => exec(reader, dialer, context, request),
  };
}

async function exec(
  reader: Reader,
  dialer: Dialer,
  context: ResourceContext,
  request: HttpRequest,
): Promise<UpgradeResponse> {
  const { nodeName, path } = await locate(reader, context);
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

/** Where the command is to run, and what its node's agent is asked. */
async function locate(
  reader: Reader,
  { info, query }: ResourceContext,
): Promise<{ readonly nodeName: string; readonly path: string }> {
  const { namespace, name } = info;
  const pod = await reader.get(pods, { namespace, name });
  const container = containerOfPod(pod, query.get('container') ?? '');
  const nodeName = pod.spec?.nodeName ?? '';
  if (nodeName === '') throw badRequest(`pod ${name} does not have a host assigned`);
  const options = new URLSearchParams(query.getAll('command').map((word) => ['command', word]));
  for (const [flag, parameter] of Object.entries(flags)) if (flagOption(query, flag)) options.set(parameter, '1');
  return { nodeName, path: `/exec/${namespace}/${name}/${container}?${options}` };
}
