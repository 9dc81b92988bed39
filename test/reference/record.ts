import { readFileSync, writeFileSync } from 'node:fs';
import { type Answer, type Ask, withoutAdmission, withoutUids } from './ask.ts';

/**
 * Asks a real Kubernetes every question in the files named on the command line and writes its answers into them:
 * `REFERENCE_URL=https://... REFERENCE_TOKEN=... NODE_TLS_REJECT_UNAUTHORIZED=0 node test/reference/record.ts FILE...`
 * Nothing stays behind: what an update needs is created first and deleted again, all else is a dry run.
 */
const { REFERENCE_URL: url = '', REFERENCE_TOKEN: token = '' } = process.env;

for (const file of process.argv.slice(2)) {
  const asks = JSON.parse(readFileSync(file, 'utf8')) as readonly Ask[];
  const recorded: Ask[] = [];
  for (const ask of asks) recorded.push({ ...ask, answer: await answerTo(ask) });
  writeFileSync(file, `[\n${recorded.map((ask) => JSON.stringify(ask)).join(',\n')}\n]\n`);
}

async function answerTo(ask: Ask): Promise<Answer> {
  if (ask.old === undefined) return request('POST', `${ask.path}?dryRun=All`, ask);
  const name = ask.old.metadata.name ?? '';
  const created = await request('POST', ask.path, { ...ask, body: ask.old });
  if (created.message !== undefined) throw new Error(`${ask.what}: ${created.message}`);
  try {
    if (ask.oldStatus !== undefined) {
      const body = { ...ask.old, status: ask.oldStatus };
      const given = await request('PUT', `${ask.path}/${name}/status`, { ...ask, body });
      if (given.message !== undefined) throw new Error(`${ask.what}: ${given.message}`);
    }
    if (ask.oldView !== undefined) {
      const { subresource, body } = ask.oldView;
      const given = await request('PUT', `${ask.path}/${name}/${subresource}`, { ...ask, body });
      if (given.message !== undefined) throw new Error(`${ask.what}: ${given.message}`);
    }
    const view = ask.subresource === undefined ? '' : `/${ask.subresource}`;
    for (;;) {
      const body = ask.versioned === true ? await withVersion(`${ask.path}/${name}`, ask.body) : ask.body;
      const answer = await request('PUT', `${ask.path}/${name}${view}?dryRun=All`, { ...ask, body });
      // Controllers may have been faster.
      if (answer.message?.includes('the object has been modified') !== true) return answer;
    }
  } finally {
    const body = { metadata: {}, gracePeriodSeconds: 0, propagationPolicy: 'Background' };
    await request('DELETE', `${ask.path}/${name}`, { ...ask, body });
  }
}

async function withVersion(path: string, body: Ask['body']): Promise<Ask['body']> {
  const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  const { metadata } = (await response.json()) as Ask['body'];
  return { ...body, metadata: { ...body.metadata, resourceVersion: metadata.resourceVersion } };
}

async function request(method: string, path: string, ask: Ask): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(ask.body),
  });
  const result = (await response.json()) as Ask['body'] & { readonly message?: string };
  const warnings = [...(response.headers.get('warning') ?? '').matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map((match) =>
    (match[1] ?? '').replaceAll(/\\(.)/g, '$1'),
  );
  return {
    ...(response.ok ? { object: withoutAdmission(result, ask) } : { message: withoutUids(result.message ?? '') }),
    ...(warnings.length > 0 && { warnings }),
  };
}
