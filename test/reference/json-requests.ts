import type { HttpTarget } from '../../src/wire/http.ts';
import { readHttpText } from '../../src/wire/http-body.ts';

export interface JsonAnswer<T> {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: T;
}

/** Requests with JSON in and out, whatever comes back. */
export class JsonRequests {
  readonly #http: HttpTarget;

  constructor(http: HttpTarget) {
    this.#http = http;
  }

  async send<T = unknown>(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<JsonAnswer<T>> {
    const response = await this.#http.fetch({
      method,
      path,
      headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
      ...(body !== undefined && { body: new TextEncoder().encode(JSON.stringify(body)) }),
    });
    const text = await readHttpText(response.body);
    return { status: response.status, headers: response.headers, value: JSON.parse(text) as T };
  }

  /** The same for what must not fail. Throws what was answered. */
  async demand<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
    const { status, value } = await this.send<T>(method, path, body);
    if (status >= 400) throw new Error(`${method} ${path}: ${JSON.stringify(value)}`);
    return value;
  }

  /** Deletes an object at once, whoever would like to finish something before. */
  async takeAway(path: string): Promise<void> {
    await this.send('DELETE', path, { gracePeriodSeconds: 0, propagationPolicy: 'Background' });
    const patch = { metadata: { finalizers: null } };
    await this.send('PATCH', path, patch, { 'content-type': 'application/merge-patch+json' });
  }

  /** The namespace that the questions about objects are asked in, with the account that its pods have. */
  async makeNamespace(name: string): Promise<void> {
    await this.send('POST', '/api/v1/namespaces', { metadata: { name } });
    await this.send('POST', `/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
  }
}
