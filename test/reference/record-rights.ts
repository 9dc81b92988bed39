import type { HttpTarget } from '../../src/wire/http.ts';
import { JsonRequests } from './json-requests.ts';
import { Questions } from './questions.ts';
import type { RightsAsk } from './rights-ask.ts';

/** Whether somebody may do something. */
export const rights = new Questions('rights/');

export async function recordRights(http: HttpTarget, topic: string): Promise<void> {
  const requests = new JsonRequests(http);
  await rights.record<RightsAsk>(topic, async (ask) => {
    const { status } = await requests.demand<{ readonly status: RightsAsk['answer'] }>(
      'POST',
      '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      { spec: { user: ask.user, groups: ask.groups, resourceAttributes: ask.attributes } },
    );
    return { ...ask, answer: status };
  });
}
