import type { HttpRequest, HttpResponse } from '../../../src/wire/http.ts';
import { readHttpText } from '../../../src/wire/http-body.ts';
import { Normaliser } from './normalise.ts';
import type { Scenario, Step } from './scenario.ts';

/** Who answers: a real API server, or ours in virtual time. */
export interface Peer {
  fetch(request: HttpRequest): Promise<HttpResponse>;
  /** Lets so much time pass that requests in flight get on. */
  elapse(milliseconds: number): Promise<void>;
  /** Real time from a request to the end of its answer, at most. */
  readonly answersWithinMs: number;
}

/** A request and its answer, as they are recorded. */
export interface Exchange {
  readonly request: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly during?: readonly Exchange[];
  readonly status: number;
  /** Those of the answer that matter, and are not those of every answer. */
  readonly answerHeaders?: Readonly<Record<string, string>>;
  /** JSON as a value, the events of a watch as a list of them, all else as text. */
  readonly answer?: unknown;
}

type Asked = Pick<Step, 'request' | 'headers' | 'body'>;

/** The longest that a watch of a scenario takes. */
const watchMs = 3_000;
/** For events to come that a watcher ought to see before the next request. */
const settleMs = 200;

/** The namespace of a scenario: the words of the topic, the group shortened, and its own with dashes between them. */
function namespaceOf(topic: string, what: string): string {
  const words = [...topic.split('.').slice(0, 2), what].join(' ').toLowerCase();
  return words.replaceAll(/[^a-z0-9]+/g, '-');
}

/** Asks everything in order. What lies between the scenario and its answers, the namespace, is made first and stays. */
export async function play(topic: string, scenario: Scenario, peer: Peer): Promise<readonly Exchange[]> {
  const player = new Player(peer, namespaceOf(topic, scenario.what));
  await player.prepare();
  return player.all(scenario.steps);
}

class Player {
  readonly #peer: Peer;
  readonly #namespace: string;
  readonly #answers = new Map<string, unknown>();
  readonly #normaliser = new Normaliser();

  constructor(peer: Peer, namespace: string) {
    this.#peer = peer;
    this.#namespace = namespace;
  }

  async prepare(): Promise<void> {
    const namespace = this.#namespace;
    await this.#make('/api/v1/namespaces', { metadata: { name: namespace } });
    await this.#make(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'default' } });
  }

  async #make(path: string, body: object): Promise<void> {
    const { status, text } = await this.#send({ request: `POST ${path}`, body });
    if (status !== 201) throw new Error(`POST ${path}: ${text}`);
  }

  async all(steps: readonly Step[]): Promise<readonly Exchange[]> {
    const exchanges: Exchange[] = [];
    for (const step of steps) exchanges.push(await this.#exchange(step));
    return exchanges;
  }

  async #exchange(step: Step): Promise<Exchange> {
    // What is recorded has the names of answers in it, what is sent has their values.
    const named = this.#named(step);
    const { request, headers, body } = named;
    this.#normaliser.sees(this.#filled({ request, body }));
    const [{ status, text, headers: answerHeaders }, during] = await Promise.all([
      this.#send(this.#filled(named)),
      this.#meanwhile(step),
    ]);
    const value = parsed(text, request.includes('watch=true') && status === 200);
    if (step.as !== undefined) this.#answers.set(step.as, value);
    const told = headersThatMatter(answerHeaders, this.#normaliser);
    return {
      request,
      ...(headers !== undefined && { headers }),
      ...(body !== undefined && { body }),
      ...(during !== undefined && { during }),
      status,
      ...(Object.keys(told).length > 0 && { answerHeaders: told }),
      ...(value !== undefined && { answer: this.#normaliser.normalised(value) }),
    };
  }

  /** While a watch goes on. */
  async #meanwhile({ request, during }: Step): Promise<readonly Exchange[] | undefined> {
    if (!request.includes('watch=true')) return undefined;
    await this.#peer.elapse(settleMs);
    const exchanges = during && (await this.all(during));
    await this.#peer.elapse(watchMs);
    return exchanges;
  }

  /** Throws when the answer has not ended in time, be it a stream that goes on and a peer that does not heed the signal. */
  async #send(asked: Asked) {
    const { answersWithinMs } = this.#peer;
    const late = Promise.withResolvers<never>();
    const giveUp = new AbortController();
    // A timer that keeps the process from ending: what waits for nothing but an answer has to be told of.
    const timer = setTimeout(() => {
      giveUp.abort();
      late.reject(new Error(`${asked.request}: the answer did not end within ${answersWithinMs} ms`));
    }, answersWithinMs);
    return Promise.race([late.promise, this.#answer(asked, giveUp.signal)]).finally(() => clearTimeout(timer));
  }

  async #answer({ request, headers, body }: Asked, signal: AbortSignal) {
    const [method = '', ...path] = request.split(' ');
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await this.#peer.fetch({
      method,
      path: encodeURI(path.join(' ')),
      headers: {
        'user-agent': 'reference/1.0',
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : new TextEncoder().encode(text),
      signal,
    });
    return { ...response, text: await readHttpText(response.body) };
  }

  #named<T extends object>(step: T): T {
    return JSON.parse(JSON.stringify(step).replaceAll('{ns}', this.#namespace)) as T;
  }

  #filled<T extends object>(step: T): T {
    const text = JSON.stringify(step).replaceAll(/\{(\w+)\.([\w.]+)\}/g, (whole, name: string, path: string) => {
      const answer = this.#answers.get(name);
      return answer === undefined ? whole : String(memberAt(answer, path.split('.')));
    });
    return JSON.parse(text) as T;
  }
}

function memberAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], value);
}

function parsed(text: string, isWatch: boolean): unknown {
  if (text === '') return undefined;
  try {
    if (isWatch)
      return text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown);
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

const headerNames = ['allow', 'content-type', 'location', 'retry-after', 'vary', 'warning', 'www-authenticate'];

function headersThatMatter(
  headers: Readonly<Record<string, string>>,
  normaliser: Normaliser,
): Readonly<Record<string, string>> {
  const told = headerNames.flatMap((name) => {
    const value = headers[name];
    if (value === undefined || (name === 'content-type' && value === 'application/json')) return [];
    return [[name, normaliser.text(value)] as const];
  });
  return Object.fromEntries(told);
}
