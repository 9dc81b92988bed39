import type { Timers } from '../environment.ts';
import type { HttpRequest, HttpResponse } from '../http.ts';
import { BodyTooLargeError } from '../http-body.ts';
import type { HttpHandler } from '../http-handler.ts';
import type { HttpServerLimits } from './limits.ts';

/** What the exchanges of one server share. */
export interface ExchangeContext {
  readonly handler: HttpHandler;
  readonly limits: HttpServerLimits;
  readonly timers: Timers;
  readonly closing: () => boolean;
  /** Count an exchange that has begun, or ended. */
  readonly began: () => void;
  readonly ended: () => void;
  readonly onError: (error: unknown, request: HttpRequest) => void;
}

/** The answer to a request whose handler threw. */
export function failureResponse(context: ExchangeContext, request: HttpRequest, error: unknown): HttpResponse {
  if (error instanceof BodyTooLargeError) return plain(413, `Request entity too large: limit is ${error.limitBytes}`);
  context.onError(error, request);
  return plain(500, 'Internal Server Error');
}

function plain(status: number, text: string): HttpResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: Buffer.from(`${text}\n`) };
}
