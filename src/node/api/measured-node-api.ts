import type { Duplex } from 'node:stream';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { HttpBody, HttpRequest, HttpResponse, HttpTarget, UpgradeResponse } from '../../wire/http.ts';
import { isWebSocketRequest } from '../../wire/websocket/websocket-handshake.ts';
import type { RequestMetrics } from '../metrics/request-metrics.ts';

interface Stream {
  readonly connection: Duplex | undefined;
  readonly body: HttpBody | undefined;
}

/** The same API of a node, with what it is asked counted and measured until all of the answer is out. */
export class MeasuredNodeApi implements HttpTarget {
  readonly #api: HttpTarget;
  readonly #metrics: RequestMetrics;
  readonly #environment: Pick<Environment, 'monotonic'>;

  constructor(api: HttpTarget, metrics: RequestMetrics, environment: Pick<Environment, 'monotonic'>) {
    this.#api = api;
    this.#metrics = metrics;
    this.#environment = environment;
  }

  fetch(request: HttpRequest): Promise<HttpResponse> {
    return this.#follow(this.#begin(request, false), () => this.#api.fetch(request));
  }

  upgrade(request: HttpRequest): Promise<UpgradeResponse> {
    return this.#follow(this.#begin(request, isWebSocketRequest(request)), () => this.#api.upgrade(request));
  }

  async #follow<Response extends UpgradeResponse>(end: () => void, ask: () => Promise<Response>): Promise<Response> {
    let goesOn = false;
    try {
      const response = await ask();
      const { connection, body }: Partial<Stream> = response;
      goesOn = connection !== undefined || (body !== undefined && !(body instanceof Uint8Array));
      connection?.once('close', end);
      return body === undefined || body instanceof Uint8Array ? response : { ...response, body: untilEnd(body, end) };
    } finally {
      if (!goesOn) end();
    }
  }

  #begin({ method, path }: HttpRequest, isWebSocket: boolean): () => void {
    const startedAt = this.#environment.monotonic();
    const end = this.#metrics.began(method, path, isWebSocket);
    return () => end(this.#environment.monotonic() - startedAt);
  }
}

/** Tells when the last of it was read, or nobody wants the rest, be it that nothing was read at all. */
function untilEnd(body: AsyncIterable<Uint8Array>, end: () => void): AsyncIterable<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  let told = false;
  const tell = () => {
    if (!told) end();
    told = true;
  };
  const iterator: AsyncIterator<Uint8Array> = {
    next: async () => {
      let done: boolean | undefined = true;
      try {
        const result = await chunks.next();
        done = result.done;
        return result;
      } finally {
        if (done === true) tell();
      }
    },
    return: async () => {
      tell();
      return (await chunks.return?.()) ?? { done: true, value: undefined };
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}
