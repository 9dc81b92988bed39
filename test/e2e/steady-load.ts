import { Agent, type ClientRequest, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** What became of a steady load. */
export interface LoadReport {
  readonly sent: number;
  /** Why requests failed, each with when it was sent, in milliseconds from the start. */
  readonly failures: readonly string[];
  /** Requests that went out on a connection that had been used before. */
  readonly reused: number;
  /** Requests that were sent a second time, for their connection had been closed before they reached anybody. */
  readonly retried: number;
}

const perSecond = 100;
const patienceMs = 15_000;

/**
 * A hundred visits a second until `end`, whatever the answers: every second one over a connection of its own, the others over
 * connections that are kept. As RFC 9112 (9.3.1) lets clients do, a request on a kept connection that is closed before a single
 * byte of an answer is sent again, once; no other failure is made good.
 */
export class SteadyLoad {
  readonly #url: string;
  readonly #kept = new Agent({ keepAlive: true });
  readonly #pending = new Set<Promise<void>>();
  readonly #failures: string[] = [];
  readonly #started = performance.now();
  readonly #timer: NodeJS.Timeout;
  #sent = 0;
  #reused = 0;
  #retried = 0;

  constructor(url: string) {
    this.#url = url;
    this.#timer = setInterval(() => this.#catchUp(), 10);
  }

  /** Sends no more once it has sent `least`, and answers when every request has ended. */
  async end(least = 0): Promise<LoadReport> {
    while (this.#sent < least) await sleep(50);
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
    this.#kept.destroy();
    return { sent: this.#sent, failures: this.#failures, reused: this.#reused, retried: this.#retried };
  }

  /** A timer that came late sends all that is due, so that the rate holds. */
  #catchUp(): void {
    const due = ((performance.now() - this.#started) / 1000) * perSecond;
    while (this.#sent < due) {
      const kept = this.#sent++ % 2 === 1;
      const at = Math.round(performance.now() - this.#started);
      const visit = this.#visit(kept, false)
        .catch((error: Error) => {
          this.#failures.push(`${kept ? 'kept' : 'fresh'} at ${at}: ${error.message}`);
        })
        .finally(() => this.#pending.delete(visit));
      this.#pending.add(visit);
    }
  }

  #visit(kept: boolean, again: boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let answered = false;
    const request: ClientRequest = get(
      this.#url,
      { agent: kept && !again ? this.#kept : false, timeout: patienceMs },
      (response) => {
        answered = true;
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.once('error', reject);
        response.once('close', () => {
          if (response.statusCode === 200 && response.complete && text.includes('Orders so far')) resolve();
          else reject(new Error(`status ${response.statusCode}: ${text.slice(0, 120)}`));
        });
      },
    );
    request.once('timeout', () => request.destroy(new Error(`no answer within ${patienceMs} ms`)));
    request.once('finish', () => {
      if (request.reusedSocket) this.#reused++;
    });
    request.once('error', (error: NodeJS.ErrnoException) => {
      const closed = error.code === 'ECONNRESET' || error.code === 'EPIPE';
      if (again || answered || !request.reusedSocket || !closed) return reject(error);
      this.#retried++;
      this.#visit(kept, true).then(resolve, reject);
    });
    return promise;
  }
}
