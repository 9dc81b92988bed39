import type { Environment } from '../../machinery/environment/environment.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { timeout } from '../../machinery/status-errors.ts';
import type { HttpRequest, HttpResponse, HttpTarget } from '../../wire/http.ts';
import { readHttpText } from '../../wire/http-body.ts';
import { ConnectionError } from '../../wire/http-client/connection-error.ts';
import type { Answered } from './retry.ts';

/** A whole answer, or one that goes on. */
export interface Answer extends Answered {
  readonly text: string;
  /** Only where a stream was asked for and granted: then `text` is empty. */
  readonly stream?: AsyncIterable<Uint8Array> | undefined;
}

/**
 * Sends a request once. `stream`: an answer of status 200 is handed over as it comes, and `timeoutMs` is for its beginning alone;
 * otherwise the whole answer must be in by then. Throws `ConnectionError`, a Timeout, or the reason of the request's signal.
 */
export async function exchange(
  environment: Environment,
  target: HttpTarget,
  request: HttpRequest,
  timeoutMs: number,
  stream = false,
): Promise<Answer> {
  const deadline = environment.deadline(timeoutMs, request.signal);
  try {
    const response = await target.fetch({ ...request, signal: deadline.signal });
    const { status, headers } = response;
    if (stream && status === 200) return { status, headers, text: '', stream: asChunks(response) };
    return { status, headers, text: await readHttpText(response.body) };
  } catch (error) {
    if (request.signal?.aborted) throw request.signal.reason;
    if (deadline.signal.aborted) throw timeout(`no answer to ${request.method} ${request.path} within ${timeoutMs} ms`);
    if (error instanceof ConnectionError || error instanceof StatusError) throw error;
    // The connection broke in the middle of the answer.
    throw new ConnectionError(request.path, error as Error, true);
  } finally {
    deadline.cancel();
  }
}

async function* asChunks(response: HttpResponse): AsyncGenerator<Uint8Array, void, undefined> {
  const { body } = response;
  if (body === undefined) return;
  if (body instanceof Uint8Array) yield body;
  else yield* body;
}
