import type { Reader } from '../../client/client.ts';
import type { Dialer } from '../../client/dialer.ts';
import { unexplainedStatus } from '../../client/https/unexplained-status.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { badRequest, internalError } from '../../machinery/status-errors.ts';
import { pods } from '../../resources/schema/resource-types.generated.ts';
import type { HttpResponse } from '../../wire/http.ts';
import { readHttpText } from '../../wire/http-body.ts';
import type { ConnectHandler, ResourceContext } from '../registry/extension-points.ts';
import { containerOfPod } from './container-of-pod.ts';
import { dialErrorText } from './dial-error.ts';
import { logQuery } from './log-options.ts';

/** More of an error of the node's is not passed on. */
const errorBytes = 50_000;

/** `pods/log`: the lines that a container has written, as its node's agent has them. */
export function podLog(reader: Reader, dialer: Dialer): ConnectHandler {
  return {
    resource: pods,
    subresource: 'log',
    methods: ['GET'],
    fetch: (context) => logs(reader, dialer, context),
  };
}

async function logs(reader: Reader, dialer: Dialer, context: ResourceContext): Promise<HttpResponse> {
  const { info, query, signal } = context;
  const { namespace, name } = info;
  const options = logQuery(query, name);
  const pod = await reader.get(pods, { namespace, name });
  const container = containerOfPod(pod, query.get('container') ?? '');
  const nodeName = pod.spec?.nodeName ?? '';
  // A pod that has no node has no logs yet, which is not an error.
  if (nodeName === '') return { status: 204, headers: {} };
  const target = await dialer.node(nodeName);
  const path = `/containerLogs/${namespace}/${name}/${container}${options.size === 0 ? '' : `?${options}`}`;
  let answer: HttpResponse;
  try {
    answer = await target.fetch({ method: 'GET', path, headers: {}, signal });
  } catch (error) {
    throw unreachable(error, path);
  }
  if (answer.status < 200 || answer.status > 206) throw await nodeError(answer, name);
  return { status: 200, headers: { 'content-type': 'text/plain' }, body: answer.body };
}

function unreachable(error: unknown, path: string): unknown {
  const why = dialErrorText(error);
  if (why === undefined) return error;
  const { target } = error as { readonly target: string };
  return new StatusError({ code: 500, message: `Get "${target}${path}": ${why}` }, { cause: error });
}

/** What the node says is wrong, as Kubernetes passes it on. */
async function nodeError(answer: HttpResponse, name: string): Promise<StatusError> {
  const text = await readHttpText(answer.body, errorBytes).catch(() => '');
  if (answer.status === 500) return internalError(text);
  if (answer.status === 400) return badRequest(text);
  const [reason, words] = unexplainedStatus(answer.status, '', text);
  // The blank is where Kubernetes has a verb elsewhere.
  return new StatusError({
    code: answer.status,
    message: `${words} ( pods/log ${name})`,
    ...(reason === undefined ? {} : { reason }),
    details: { name, kind: 'pods/log' },
  });
}
