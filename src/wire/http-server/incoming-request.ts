import type { HttpBody, HttpRequest } from '../http.ts';

/** A request as a server reads it. Most handlers of short requests never ask for the signal, so it is made when they do. */
export class IncomingRequest implements HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: HttpBody | undefined;
  #controller: AbortController | undefined;
  #aborted = false;

  constructor(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body: AsyncIterable<Uint8Array> | undefined,
  ) {
    this.method = method;
    this.path = path;
    this.headers = headers;
    this.body = body;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(disconnected());
    }
    return this.#controller.signal;
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  abort(): void {
    this.#aborted = true;
    this.#controller?.abort(disconnected());
  }
}

function disconnected(): DOMException {
  return new DOMException('the client closed the connection', 'AbortError');
}
