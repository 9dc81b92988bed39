import type { Environment, Timer } from '../../machinery/environment/environment.ts';
import { untilAborted } from '../../machinery/until-aborted.ts';
import type { HttpRequest, HttpResponse, HttpTarget, UpgradeResponse } from '../../wire/http.ts';
import { ConnectionError } from '../../wire/http-client/connection-error.ts';

/** The API under one of its addresses. */
export interface ServerTarget extends HttpTarget {
  /** Requests in flight fail; those that come later are sent. */
  close(): void;
}

export interface FailOverOptions {
  readonly environment: Environment;
  /** The addresses known at this moment, the likeliest first; asked before each request. */
  readonly servers: () => readonly string[];
  readonly connect: (server: string) => ServerTarget;
  /** How long a request waits for an address that answers; absent: until each has been asked once. */
  readonly patienceMs?: number | undefined;
  /** Told with each second that a search lasts. */
  readonly onLost?: (() => void) | undefined;
}

/** How soon after one address the next is asked while none is known to answer. */
const staggerMs = 250;
/** How soon an address is asked again where nobody was. */
const askAgainMs = 500;
/** How long the search for an address that answers takes at most, unless it is said. */
const searchMs = 10_000;
const lostMs = 1_000;
/** How long an answer may take before it is asked whether somebody is there at all. */
const doubtMs = 2_000;
/** How much sooner than the others it is asked then, and how long they all have. */
const headStartMs = 1_000;
const compareMs = 4_000;

/**
 * Several addresses of the same API as one target. Stays with the address that answered last; when that is gone, all are asked whether they
 * are the API, and the first to say so is taken: an address behind which nobody is costs no time. A request that could not be sent is sent
 * there; when one may have been sent and broke off, the error goes to the caller, for only it knows whether to repeat is safe.
 */
export class FailOverTarget implements HttpTarget {
  readonly #options: FailOverOptions;
  readonly #patienceMs: number;
  readonly #targets = new Map<string, ServerTarget>();
  /** Addresses that are being compared with the others. */
  readonly #doubts = new Map<string, Promise<boolean>>();
  #current: string | undefined;
  #searching: Promise<string> | undefined;

  constructor(options: FailOverOptions) {
    this.#options = options;
    this.#patienceMs = options.patienceMs ?? 0;
  }

  fetch(request: HttpRequest): Promise<HttpResponse> {
    return this.#attempt(request, (target) => target.fetch(request));
  }

  upgrade(request: HttpRequest): Promise<UpgradeResponse> {
    return this.#attempt(request, (target) => target.upgrade(request));
  }

  close(): void {
    for (const target of this.#targets.values()) target.close();
    this.#targets.clear();
  }

  async #attempt<R>({ signal }: HttpRequest, send: (target: HttpTarget) => Promise<R>): Promise<R> {
    const server = await this.#choose(signal);
    try {
      return await this.#doubting(server, send);
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      if (this.#current === server) this.#current = undefined;
      const isOnly = this.#known().length === 1 && this.#patienceMs === 0;
      if (error.maybeSent || isOnly) throw error;
      return await this.#doubting(await this.#choose(signal), send);
    }
  }

  /** The address to send to. */
  async #choose(signal: AbortSignal | undefined): Promise<string> {
    const servers = this.#known();
    const [only] = servers;
    if (only === undefined) throw new Error('no server address is known');
    if (servers.length === 1 && this.#patienceMs === 0) return only;
    if (this.#current !== undefined) return this.#current;
    this.#searching ??= this.#search().finally(() => {
      this.#searching = undefined;
    });
    return signal === undefined ? this.#searching : untilAborted(this.#searching, signal);
  }

  /** Asks one address after the other, those that become known meanwhile too, and again where nobody was. */
  async #search(): Promise<string> {
    const { environment, onLost } = this.#options;
    const end = new AbortController();
    const deadline = environment.deadline(this.#patienceMs || searchMs, end.signal);
    const failures = new Map<string, unknown>();
    // Being asked, or not yet to be asked again.
    const busy = new Set<string>();
    let found: string | undefined;
    const ask = async (server: string) => {
      busy.add(server);
      try {
        await answers(this.#target(server), deadline.signal);
        found ??= server;
        end.abort();
      } catch (error) {
        if (deadline.signal.aborted) return;
        // The order is that of failing: who failed last is asked again last.
        failures.delete(server);
        failures.set(server, error);
        if (this.#patienceMs === 0 && this.#known().every((each) => failures.has(each))) end.abort();
        await environment.sleep(askAgainMs, deadline.signal).catch(() => {});
        busy.delete(server);
      }
    };
    for (let tick = 0; !deadline.signal.aborted; tick++) {
      const known = this.#known();
      const untried = known.filter((server) => !failures.has(server));
      const next = [...untried, ...failures.keys()].find((server) => known.includes(server) && !busy.has(server));
      if (next !== undefined) void ask(next);
      if (tick > 0 && (tick * staggerMs) % lostMs === 0) onLost?.();
      await environment.sleep(staggerMs, deadline.signal).catch(() => {});
    }
    deadline.cancel();
    if (found === undefined) throw this.#likeliestReason(failures);
    this.#current = found;
    return found;
  }

  /** The first address is the likeliest, and what is wrong with it the likeliest reason. */
  #likeliestReason(failures: ReadonlyMap<string, unknown>): Error {
    const [server = ''] = this.#known();
    const cause = failures.get(server);
    if (cause instanceof ConnectionError) return cause;
    const waitedMs = this.#patienceMs || searchMs;
    return new ConnectionError(
      server,
      Object.assign(new Error(`no answer within ${waitedMs} ms`), { code: 'ETIMEDOUT', cause }),
      false,
    );
  }

  /**
   * A request to an address that is gone would wait for as long as its sender has patience, for nothing tells that it did not arrive. So an
   * address that is slow to answer is compared with the others, and all that waits for one that is gone fails.
   */
  async #doubting<R>(server: string, send: (target: HttpTarget) => Promise<R>): Promise<R> {
    const { environment } = this.#options;
    let timer: Timer | undefined;
    let isSettled = false;
    const lookLater = () => {
      timer = environment.setTimer(doubtMs, async () => {
        const isGone = await this.#isGone(server);
        if (isSettled) return;
        if (isGone) this.#drop(server);
        else lookLater();
      });
    };
    lookLater();
    try {
      return await send(this.#target(server));
    } finally {
      isSettled = true;
      timer?.cancel();
    }
  }

  /** Whether another address answers, and this one does not in a second: a server that is busy is so under all of them. */
  #isGone(server: string): Promise<boolean> {
    const known = this.#doubts.get(server);
    if (known !== undefined) return known;
    const compared = this.#compare(server).finally(() => this.#doubts.delete(server));
    this.#doubts.set(server, compared);
    return compared;
  }

  async #compare(server: string): Promise<boolean> {
    const { environment } = this.#options;
    const others = this.#known().filter((each) => each !== server);
    if (others.length === 0) return false;
    const end = new AbortController();
    const deadline = environment.deadline(compareMs, end.signal);
    const answersAt = (each: string) => answers(this.#target(each), deadline.signal);
    // One that refuses, as a server that is being started again does, may answer while this one still keeps silent.
    const answersInTime = async (each: string): Promise<void> => {
      for (;;)
        try {
          return await answersAt(each);
        } catch {
          // It throws when the time is over.
          await environment.sleep(askAgainMs, deadline.signal);
        }
    };
    const another = environment
      .sleep(headStartMs, deadline.signal)
      .then(() => Promise.any(others.map(answersInTime)))
      .then(() => true);
    try {
      return await Promise.any([answersAt(server).then(() => false), another]);
    } catch {
      return false;
    } finally {
      end.abort();
      deadline.cancel();
    }
  }

  #drop(server: string): void {
    this.#targets.get(server)?.close();
    this.#targets.delete(server);
    if (this.#current === server) this.#current = undefined;
  }

  /** All addresses once; what is kept of others goes. */
  #known(): readonly string[] {
    const servers = [...new Set(this.#options.servers())];
    for (const server of this.#targets.keys()) if (!servers.includes(server)) this.#drop(server);
    return servers;
  }

  #target(server: string): ServerTarget {
    let target = this.#targets.get(server);
    if (target === undefined) {
      target = this.#options.connect(server);
      this.#targets.set(server, target);
    }
    return target;
  }
}

/** Resolves when an API answers, whatever it says. */
async function answers(target: HttpTarget, signal: AbortSignal): Promise<void> {
  const { body } = await target.fetch({ method: 'GET', path: '/livez', headers: {}, signal });
  if (body !== undefined && !(body instanceof Uint8Array)) for await (const _ of body);
}
