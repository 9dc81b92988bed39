import type { HttpTarget } from '../../src/wire/http.ts';
import { type Answer, type Ask, withoutAdmission, withoutUids } from './ask.ts';
import { JsonRequests } from './json-requests.ts';
import { Questions } from './questions.ts';

/** What a real API server makes of objects. */
export const answers = new Questions('resources/');

/** Nothing stays behind but a namespace: what an update needs is created first and deleted again, all else is a dry run. */
export async function recordAnswers(http: HttpTarget, topic: string): Promise<void> {
  const recorder = new AnswerRecorder(new JsonRequests(http));
  await recorder.prepare();
  await answers.record<Ask>(topic, async (ask) => ({ ...ask, answer: await recorder.answerTo(ask) }));
}

class AnswerRecorder {
  readonly #requests: JsonRequests;

  constructor(requests: JsonRequests) {
    this.#requests = requests;
  }

  prepare(): Promise<void> {
    return this.#requests.makeNamespace('resources');
  }

  async answerTo(ask: Ask): Promise<Answer> {
    if (ask.old === undefined) return this.#request('POST', `${ask.path}?dryRun=All`, ask);
    const place = `${ask.path}/${ask.old.metadata.name ?? ''}`;
    await this.#accepted('POST', ask.path, ask, ask.old);
    try {
      if (ask.oldStatus !== undefined) {
        const withStatus = { ...ask.old, status: ask.oldStatus } as Ask['body'];
        const body = ask.versioned === true ? await this.#withVersion(place, withStatus) : withStatus;
        await this.#accepted('PUT', `${place}/status`, ask, body);
      }
      if (ask.oldView !== undefined)
        await this.#accepted('PUT', `${place}/${ask.oldView.subresource}`, ask, ask.oldView.body);
      const view = ask.subresource === undefined ? '' : `/${ask.subresource}`;
      for (;;) {
        const body = ask.versioned === true ? await this.#withVersion(place, ask.body) : ask.body;
        const answer = await this.#request('PUT', `${place}${view}?dryRun=All`, { ...ask, body });
        // Controllers may have been faster.
        if (answer.message?.includes('the object has been modified') !== true) return answer;
      }
    } finally {
      await this.#requests.takeAway(place);
    }
  }

  async #accepted(method: string, path: string, ask: Ask, body: Ask['body']): Promise<void> {
    const { message } = await this.#request(method, path, { ...ask, body });
    if (message !== undefined) throw new Error(`${ask.what}: ${message}`);
  }

  async #withVersion(path: string, body: Ask['body']): Promise<Ask['body']> {
    const { metadata } = await this.#requests.demand<Ask['body']>('GET', path);
    return { ...body, metadata: { ...body.metadata, resourceVersion: metadata.resourceVersion } };
  }

  async #request(method: string, path: string, ask: Ask): Promise<Answer> {
    type Result = Ask['body'] & { readonly message?: string };
    const { status, value, headers } = await this.#requests.send<Result>(method, path, ask.body);
    const warnings = [...(headers['warning'] ?? '').matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map((match) =>
      (match[1] ?? '').replaceAll(/\\(.)/g, '$1'),
    );
    return {
      ...(status < 300 ? { object: withoutAdmission(value, ask) } : { message: withoutUids(value.message ?? '') }),
      ...(warnings.length > 0 && { warnings }),
    };
  }
}
