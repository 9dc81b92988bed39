import { readFileSync, writeFileSync } from 'node:fs';
import type { KubeObject } from '../../src/machinery/object.ts';
import type { ShownRow } from './shown-row.ts';

/** Asks a real Kubernetes how it shows the objects in the files named on the command line; see `record.ts`. */
const { REFERENCE_URL: url = '', REFERENCE_TOKEN: token = '' } = process.env;
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';

for (const file of process.argv.slice(2)) {
  const rows = JSON.parse(readFileSync(file, 'utf8')) as readonly ShownRow[];
  const recorded: ShownRow[] = [];
  for (const row of rows) recorded.push(await ask(row));
  writeFileSync(file, `[\n${recorded.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`);
}

interface TableRow {
  readonly cells: readonly unknown[];
  readonly object: KubeObject;
}

async function ask(row: ShownRow): Promise<ShownRow> {
  const name = row.body.metadata.name ?? '';
  const place = `${row.path}/${name}`;
  await request('POST', row.path, row.body);
  try {
    if (row.status !== undefined) await request('PUT', `${place}/status`, { ...row.body, status: row.status });
    if (row.deleted === true) await request('DELETE', place, { propagationPolicy: 'Background' });
    const shown = await request('GET', `${place}?includeObject=Object`, undefined, table);
    const [first] = (shown.body as { readonly rows: readonly TableRow[] }).rows;
    if (first === undefined) throw new Error(`${place} has no row`);
    const { managedFields, ...metadata } = first.object.metadata;
    const object = { ...first.object, metadata };
    return { ...row, answer: { object, time: new Date(shown.date).toISOString(), cells: first.cells } };
  } finally {
    await request('DELETE', place, { gracePeriodSeconds: 0, propagationPolicy: 'Background' });
    const patch = { metadata: { finalizers: null } };
    if (row.deleted === true) await request('PATCH', place, patch, 'application/json', 'application/merge-patch+json');
  }
}

async function request(
  method: string,
  path: string,
  body?: unknown,
  accept = 'application/json',
  contentType = 'application/json',
): Promise<{ readonly body: unknown; readonly date: string }> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': contentType, accept },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const result: unknown = await response.json();
  const mayFail = method === 'DELETE' || method === 'PATCH';
  if (!response.ok && !mayFail) throw new Error(`${method} ${path}: ${JSON.stringify(result)}`);
  return { body: result, date: response.headers.get('date') ?? '' };
}
