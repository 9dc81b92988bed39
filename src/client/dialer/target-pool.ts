import { HttpClient, type HttpClientOptions } from '../../wire/http-client.ts';

/** As many clients are kept; those not used for the longest time go first. */
const maximumClients = 512;

/** Clients by address, so that connections are kept from one request to the next. */
export class TargetPool {
  readonly #clients = new Map<string, HttpClient>();

  /** The client for a URL; the other options must be the same for each URL. */
  get(options: HttpClientOptions): HttpClient {
    const client = this.#clients.get(options.url) ?? new HttpClient(options);
    this.#clients.delete(options.url);
    this.#clients.set(options.url, client);
    if (this.#clients.size > maximumClients) {
      const [oldest] = this.#clients;
      if (oldest !== undefined) {
        this.#clients.delete(oldest[0]);
        // Somebody may still be reading from it.
        oldest[1].retire();
      }
    }
    return client;
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }
}
