import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodes } from '../../../src/resources/schema/resource-types.generated.ts';
import { readHttpText } from '../../../src/wire/http-body.ts';
import type { WholeCluster } from '../whole-cluster.ts';
import { jsonShape } from './json-shape.ts';
import { metricFamilies } from './metric-families.ts';

/**
 * Writes down which metrics a real kubelet serves, with their labels, and the shape of its stats, without any values. On its first node a
 * pod has to run that has limits, an emptyDir, a ConfigMap and a probe.
 */
export async function recordNode({ client, http }: WholeCluster): Promise<void> {
  const [node] = (await client.list(nodes)).items;
  const ask = async (below: string) => {
    const path = `/api/v1/nodes/${node?.metadata.name}/proxy/${below}`;
    const answer = await http.fetch({ method: 'GET', path, headers: {} });
    return readHttpText(answer.body);
  };
  const shape = async (below: string) => jsonShape(JSON.parse(await ask(below)));
  const families = async (below: string) => metricFamilies(await ask(below));
  const recorded = {
    '/stats/summary': await shape('stats/summary'),
    '/stats/summary?only_cpu_and_memory=true': await shape('stats/summary?only_cpu_and_memory=true'),
    '/metrics/resource': await families('metrics/resource'),
    '/metrics/cadvisor': await families('metrics/cadvisor'),
    '/metrics/probes': await families('metrics/probes'),
    '/metrics': (await families('metrics')).filter((family) => family.startsWith('kubelet_')),
  };
  writeFileSync(join(import.meta.dirname, 'recorded.json'), `${JSON.stringify(recorded, undefined, 2)}\n`);
}
