import type { HttpRequest, HttpResponse, HttpTarget, UpgradeResponse } from '../../wire/http.ts';
import { ConnectionError } from '../../wire/http-client/connection-error.ts';

/** A target that can be let go of. */
export interface ClosableTarget extends HttpTarget {
  close(): void;
}

export interface FailOverOptions {
  /** The addresses known at this moment, the best first; asked before each request. Never empty. */
  readonly servers: () => readonly string[];
  readonly connect: (server: string) => ClosableTarget;
}

/**
 * Several addresses of the same API as one target. Stays with the address that answered last; goes on to the next one when a
 * request could not be sent. When one may have been sent and broke off, the error goes to the caller, for only it knows whether
 * to repeat is safe, and the next request begins elsewhere.
 */
export class FailOverTarget implements ClosableTarget {
  readonly #options: FailOverOptions;
  readonly #targets = new Map<string, ClosableTarget>();
  #preferred: string | undefined;

  constructor(options: FailOverOptions) {
    this.#options = options;
  }

  fetch(request: HttpRequest): Promise<HttpResponse> {
    return this.#attempt((target) => target.fetch(request));
  }

  upgrade(request: HttpRequest): Promise<UpgradeResponse> {
    return this.#attempt((target) => target.upgrade(request));
  }

  close(): void {
    for (const target of this.#targets.values()) target.close();
    this.#targets.clear();
  }

  async #attempt<R>(send: (target: HttpTarget) => Promise<R>): Promise<R> {
    const servers = this.#order();
    let last: unknown = new Error('no server address is known');
    for (const [index, server] of servers.entries()) {
      try {
        const answer = await send(this.#target(server));
        this.#preferred = server;
        return answer;
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error;
        this.#preferred = servers[(index + 1) % servers.length];
        if (error.maybeSent) throw error;
        last = error;
      }
    }
    throw last;
  }

  /** All addresses once, the preferred one first; those that are no longer known are forgotten. */
  #order(): readonly string[] {
    const servers = [...new Set(this.#options.servers())];
    for (const [server, target] of this.#targets) {
      if (servers.includes(server)) continue;
      target.close();
      this.#targets.delete(server);
    }
    const start = this.#preferred === undefined ? 0 : Math.max(0, servers.indexOf(this.#preferred));
    return [...servers.slice(start), ...servers.slice(0, start)];
  }

  #target(server: string): ClosableTarget {
    let target = this.#targets.get(server);
    if (target === undefined) {
      target = this.#options.connect(server);
      this.#targets.set(server, target);
    }
    return target;
  }
}
