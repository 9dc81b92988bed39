import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from '../../../src/client/https/connect.ts';
import { clusterConnection } from '../../../src/client/kubeconfig/cluster-connection.ts';
import { parseKubeconfig } from '../../../src/client/kubeconfig/kubeconfig.ts';
import { RealEnvironment } from '../../../src/machinery/environment/real.ts';
import { nodes } from '../../../src/resources/schema/resource-types.generated.ts';
import { readHttpText } from '../../../src/wire/http-body.ts';
import { jsonShape } from './json-shape.ts';
import { metricFamilies } from './metric-families.ts';

/**
 * Writes down which metrics a real kubelet serves, with their labels, and the shape of its stats, without any values, into the file named:
 * `REFERENCE_KUBECONFIG=... node test/reference/node/record-node.ts FILE`. On its first node a pod has to run that has limits, an
 * emptyDir, a ConfigMap and a probe.
 */
const [file = ''] = process.argv.slice(2);
const { REFERENCE_KUBECONFIG: path = '' } = process.env;
const environment = new RealEnvironment();
const connection = clusterConnection(environment, parseKubeconfig(readFileSync(path, 'utf8'), path));
const { client, close } = connect(environment, connection);
const [node] = (await client.list(nodes)).items;
const ask = async (below: string) => {
  const at = `/api/v1/nodes/${node?.metadata.name}/proxy/${below}`;
  const answer = await client.http.fetch({ method: 'GET', path: at, headers: {} });
  return readHttpText(answer.body);
};
const recorded = {
  '/stats/summary': jsonShape(JSON.parse(await ask('stats/summary'))),
  '/stats/summary?only_cpu_and_memory=true': jsonShape(JSON.parse(await ask('stats/summary?only_cpu_and_memory=true'))),
  '/metrics/resource': metricFamilies(await ask('metrics/resource')),
  '/metrics/cadvisor': metricFamilies(await ask('metrics/cadvisor')),
  '/metrics/probes': metricFamilies(await ask('metrics/probes')),
  '/metrics': metricFamilies(await ask('metrics')).filter((family) => family.startsWith('kubelet_')),
};
writeFileSync(file, `${JSON.stringify(recorded, undefined, 2)}\n`);
close();
