import { quote } from '../../machinery/go-text.ts';
import type { Logger } from '../../machinery/log.ts';
import type { HttpResponse } from '../../wire/http.ts';
import type { PathHandler } from '../registry/extension-points.ts';
import type { RequestContext } from '../request.ts';
import type { HealthCheck } from './health-check.ts';
import type { HealthOutcomes } from './health-outcomes.ts';

type Outcome = 'ok' | 'failed' | 'excluded';

/** `/healthz`, `/livez` and `/readyz`: one answer for all checks, and a path below for each. `?verbose` lists them, `?exclude=` leaves some out. */
export class HealthEndpoint implements PathHandler {
  readonly paths: readonly string[];
  readonly #name: string;
  readonly #checks: readonly HealthCheck[];
  readonly #logger: Logger;
  readonly #told: HealthOutcomes;

  /** `name`: `livez`; also the first segment of the path. */
  constructor(name: string, checks: readonly HealthCheck[], logger: Logger, told: HealthOutcomes) {
    this.paths = [`/${name}`, `/${name}/*`];
    this.#name = name;
    this.#checks = checks;
    this.#logger = logger;
    this.#told = told;
  }

  async fetch({ info, query, signal }: RequestContext): Promise<HttpResponse> {
    const below = info.path.slice(this.#name.length + 2);
    if (below !== '') return this.#one(below, signal);
    const exclude = new Set(query.getAll('exclude'));
    const outcomes = await Promise.all(
      this.#checks.map((check) => (exclude.has(check.name) ? 'excluded' : this.#run(check, signal))),
    );
    for (const [index, { name }] of this.#checks.entries()) {
      const outcome = outcomes[index];
      if (outcome !== undefined && outcome !== 'excluded') this.#told.tell(name, this.#name, outcome === 'ok');
    }
    const failed = outcomes.includes('failed');
    if (!failed && !query.has('verbose')) return text(200, 'ok');
    const lines = this.#checks.map((check, index) => line(check.name, outcomes[index] ?? 'failed'));
    const unknown = [...exclude].filter((name) => !this.#checks.some((check) => check.name === name));
    if (unknown.length > 0) {
      lines.push(`warn: some health checks cannot be excluded: no matches for ${unknown.map(quote).join(',')}`);
    }
    lines.push(`${this.#name} check ${failed ? 'failed' : 'passed'}`);
    return text(failed ? 500 : 200, `${lines.join('\n')}\n`);
  }

  async #one(name: string, signal: AbortSignal): Promise<HttpResponse> {
    const check = this.#checks.find((each) => each.name === name);
    if (check === undefined) return text(404, '404 page not found\n');
    return (await this.#run(check, signal)) === 'ok'
      ? text(200, 'ok')
      : text(500, 'internal server error: reason withheld\n');
  }

  /** Why a check failed goes to the log: whoever asks need not be entitled to know. */
  async #run(check: HealthCheck, signal: AbortSignal): Promise<Outcome> {
    try {
      await check.check(signal);
      return 'ok';
    } catch (error) {
      this.#logger.warn(`${this.#name} check failed`, { check: check.name, err: error });
      return 'failed';
    }
  }
}

function line(name: string, outcome: Outcome): string {
  if (outcome === 'failed') return `[-]${name} failed: reason withheld`;
  return `[+]${name} ${outcome === 'excluded' ? 'excluded: ok' : 'ok'}`;
}

function text(status: number, body: string): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
    body: new TextEncoder().encode(body),
  };
}
