import type { HttpResponse } from '../../wire/http.ts';
import { counter, gauge, type MetricFamily } from '../stats/metric-text.ts';
import { textResponse } from './responses.ts';

/** Why something is not well; undefined: it is. */
export type HealthCheck = () => string | undefined;

interface Outcomes {
  healthy: boolean;
  success: number;
  error: number;
}

/** What `/healthz` asks, all together or one by one, and how that turned out (KEP-3466). */
export class HealthChecks {
  readonly #checks: ReadonlyMap<string, HealthCheck>;
  readonly #outcomes = new Map<string, Outcomes>();

  constructor(checks: Readonly<Record<string, HealthCheck>>) {
    this.#checks = new Map(Object.entries(checks));
  }

  get names(): Iterable<string> {
    return this.#checks.keys();
  }

  all(): HttpResponse {
    const problems = [...this.#checks].map(([name, check]) => {
      const problem = check();
      const outcomes = this.#outcomes.get(name) ?? { healthy: true, success: 0, error: 0 };
      outcomes.healthy = problem === undefined;
      outcomes[outcomes.healthy ? 'success' : 'error']++;
      this.#outcomes.set(name, outcomes);
      return problem;
    });
    return answerTo(problems.find((problem) => problem !== undefined));
  }

  one(name: string): HttpResponse {
    return answerTo(this.#checks.get(name)?.());
  }

  /** Of what was asked together; nothing before that. */
  families(): readonly MetricFamily[] {
    const type = 'healthz';
    const outcomes = [...this.#outcomes];
    const last = outcomes.map(([name, { healthy }]) => ({ labels: { name, type }, value: healthy ? 1 : 0 }));
    const counts = outcomes.flatMap(([name, each]) =>
      (['error', 'success'] as const)
        .filter((status) => each[status] > 0)
        .map((status) => ({ labels: { name, status, type }, value: each[status] })),
    );
    return [
      gauge('kubernetes_healthcheck', '[STABLE] Whether a check was passed when it was last asked for.', last),
      counter('kubernetes_healthchecks_total', '[STABLE] How checks have turned out.', counts),
    ];
  }
}

function answerTo(problem: string | undefined): HttpResponse {
  return problem === undefined ? textResponse(200, 'ok') : textResponse(500, problem);
}
