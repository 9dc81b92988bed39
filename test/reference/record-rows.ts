import type { KubeObject } from '../../src/machinery/object.ts';
import type { HttpTarget } from '../../src/wire/http.ts';
import { JsonRequests } from './json-requests.ts';
import { Questions } from './questions.ts';
import type { ShownRow } from './shown-row.ts';

/** How objects are shown in tables. */
export const rows = new Questions('rows/');

const table = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };

interface Table {
  readonly rows: readonly { readonly cells: readonly unknown[]; readonly object: KubeObject }[];
}

/** Nothing stays behind but a namespace. */
export async function recordRows(http: HttpTarget, topic: string): Promise<void> {
  const requests = new JsonRequests(http);
  await requests.makeNamespace('resources');
  await rows.record<ShownRow>(topic, (row) => recordRow(requests, row));
}

async function recordRow(requests: JsonRequests, row: ShownRow): Promise<ShownRow> {
  const place = `${row.path}/${row.body.metadata.name ?? ''}`;
  await requests.demand('POST', row.path, row.body);
  try {
    if (row.status !== undefined) await requests.demand('PUT', `${place}/status`, { ...row.body, status: row.status });
    if (row.deleted === true) await requests.send('DELETE', place, { propagationPolicy: 'Background' });
    const { value, headers } = await requests.send<Table>('GET', `${place}?includeObject=Object`, undefined, table);
    const [first] = value.rows;
    if (first === undefined) throw new Error(`${place} has no row`);
    const { managedFields, ...metadata } = first.object.metadata;
    const object = { ...first.object, metadata };
    return { ...row, answer: { object, time: new Date(headers['date'] ?? '').toISOString(), cells: first.cells } };
  } finally {
    await requests.takeAway(place);
  }
}
