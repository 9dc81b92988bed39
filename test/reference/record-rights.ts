import { readFileSync, writeFileSync } from 'node:fs';
import type { RightsAsk } from './rights-ask.ts';

/**
 * Asks a real Kubernetes for every question in the files named on the command line whether a user may do that, and writes its answers
 * into them: `REFERENCE_URL=https://... REFERENCE_TOKEN=... NODE_TLS_REJECT_UNAUTHORIZED=0 node test/reference/record-rights.ts FILE...`
 */
const { REFERENCE_URL: url = '', REFERENCE_TOKEN: token = '' } = process.env;

for (const file of process.argv.slice(2)) {
  const asks = JSON.parse(readFileSync(file, 'utf8')) as readonly RightsAsk[];
  const recorded: RightsAsk[] = [];
  for (const ask of asks) recorded.push({ ...ask, answer: await answerTo(ask) });
  writeFileSync(file, `[\n${recorded.map((ask) => JSON.stringify(ask)).join(',\n')}\n]\n`);
}

async function answerTo({ user, groups, attributes }: RightsAsk): Promise<RightsAsk['answer']> {
  const response = await fetch(`${url}/apis/authorization.k8s.io/v1/subjectaccessreviews`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user, groups, resourceAttributes: attributes },
    }),
  });
  return ((await response.json()) as { readonly status: RightsAsk['answer'] }).status;
}
