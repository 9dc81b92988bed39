import { HttpsClient } from '../../src/client/https/https-client.ts';
import { VirtualEnvironment } from '../../src/machinery/environment/virtual.ts';
import { StatusError } from '../../src/machinery/status-error.ts';
import type { HttpRequest, HttpResponse, HttpTarget, UpgradeResponse } from '../../src/wire/http.ts';
import { readHttpText } from '../../src/wire/http-body.ts';

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly contentType: string | undefined;
  readonly body: unknown;
}

type Answer = (request: HttpRequest) => HttpResponse | Error | Promise<HttpResponse>;

/** A client before a server that gives these answers in turn, the last one for ever. */
export function clientBefore(...answers: readonly Answer[]) {
  const environment = new VirtualEnvironment(1);
  const sent: Sent[] = [];
  const target: HttpTarget = {
    async fetch(request) {
      const text = await readHttpText(request.body);
      const body = text === '' ? undefined : JSON.parse(text);
      sent.push({ method: request.method, path: request.path, contentType: request.headers['content-type'], body });
      const answer = answers[Math.min(sent.length, answers.length) - 1];
      const result = await answer?.(request);
      if (result === undefined || result instanceof Error) throw result;
      return result;
    },
    upgrade: () => Promise.reject<UpgradeResponse>(new Error('not asked for')),
  };
  return { client: new HttpsClient({ environment, target, timeoutMs: 60_000 }), environment, sent };
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify(body)),
  };
}

export function text(status: number, body: string, headers: Record<string, string> = {}): HttpResponse {
  return { status, headers, body: Buffer.from(body) };
}

/** The StatusError that a call fails with; throws when it fails otherwise, or not at all. */
export async function failureOf(promise: Promise<unknown>): Promise<StatusError> {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof StatusError)) throw new Error(`not a StatusError: ${String(error)}`);
  return error;
}
