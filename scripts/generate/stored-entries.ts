import { ApiServer } from '../../src/apiserver/api-server.ts';
import { privilegedGroups } from '../../src/apiserver/authz/privileged-groups.ts';
import { flowFieldManager } from '../../src/apiserver/bootstrap/flow-configuration.ts';
import { systemNamespaces } from '../../src/apiserver/bootstrap/system-namespaces.ts';
import type { Client } from '../../src/client/client.ts';
import { ownFieldManager, ownObjects } from '../../src/cluster/control-plane/own-objects.ts';
import { danglingCondition, danglingStatus } from '../../src/controllers/flow-schema/dangling-condition.ts';
import { VirtualEnvironment } from '../../src/machinery/environment/virtual.ts';
import { silentLogger } from '../../src/machinery/log.ts';
import type { KubeObject } from '../../src/machinery/object.ts';
import { apiVersionOf } from '../../src/machinery/resource-type.ts';
import { builtInDefinitions } from '../../src/resources/built-in.ts';
import type { FlowSchema } from '../../src/resources/schema/flowcontrol-v1.generated.ts';
import { flowSchemas } from '../../src/resources/schema/resource-types.generated.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { prefixEnd } from '../../src/store/store.ts';
import { readFacts } from './facts.ts';

/** The kinds that are served; those of the aggregator follow with their room. */
const kinds: readonly string[] = ['PriorityClass', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'];
const flowKinds: readonly string[] = ['PriorityLevelConfiguration', 'FlowSchema'];

/** What every cluster has, by its name in src/apiserver/bootstrap. */
export async function bootstrapFiles(): Promise<ReadonlyMap<string, string>> {
  const facts = readFacts<KubeObject>('bootstrap-objects');
  const ofKinds = (wanted: readonly string[]) => wanted.flatMap((kind) => facts.filter((fact) => fact.kind === kind));
  const text = entriesFile('bootstrapEntriesText', 'facts/bootstrap-objects.json', [
    ...(await stored([...systemNamespaces, ...ofKinds(kinds)], 'kube-apiserver')),
    ...(await stored(ofKinds(flowKinds), flowFieldManager)),
  ]);
  return new Map([['bootstrap-entries.generated.ts', text]]);
}

/** What ours have beside it, by its name in src/cluster/control-plane. */
export async function ownFiles(): Promise<ReadonlyMap<string, string>> {
  const text = entriesFile('ownEntriesText', 'own-objects.ts', await stored(ownObjects(), ownFieldManager));
  return new Map([['own-entries.generated.ts', text]]);
}

/** As a server stores them at the epoch, with the nil uid: what becomes of them is in `seed-store.ts`. */
async function stored(objects: readonly KubeObject[], fieldManager: string): Promise<readonly string[]> {
  const environment = new VirtualEnvironment(1, 0);
  environment.id = () => '00000000-0000-0000-0000-000000000000';
  const store = new MemoryStore({ environment });
  const server = new ApiServer({
    environment,
    store,
    logger: silentLogger,
    definitions: builtInDefinitions,
    authorizers: [privilegedGroups],
  });
  await server.start();
  const client = server.client({ username: 'generator', groups: ['system:masters'], extra: {} });
  for (const object of objects) {
    const definition = builtInDefinitions.find(
      ({ type }) => type.kind === object.kind && apiVersionOf(type) === object.apiVersion,
    );
    if (definition === undefined) throw new Error(`nothing serves ${object.apiVersion} ${object.kind}`);
    const created = await client.create(definition.type, object, { fieldManager });
    // Their controller would write to each of them otherwise, in every new cluster.
    if (object.kind === 'FlowSchema') await sayWhetherDangling(client, created as FlowSchema);
  }
  server.stop();
  const { entries } = await store.range('/', prefixEnd('/'));
  await store.close();
  const decoder = new TextDecoder();
  return entries.map(({ key, value }) => `${key} ${decoder.decode(value)}`);
}

async function sayWhetherDangling(client: Client, schema: FlowSchema): Promise<void> {
  const { name = '', creationTimestamp } = schema.metadata;
  const condition = { ...danglingCondition(schema, true), lastTransitionTime: creationTimestamp };
  const { body, options } = danglingStatus(name, condition);
  await client.patch(flowSchemas, { name }, { type: 'apply', body }, options);
}

function entriesFile(name: string, source: string, lines: readonly string[]): string {
  const text = lines.join('\n').replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${');
  return `// Generated from ${source} by \`node scripts/generate/main.ts\`; do not edit.\n\nexport const ${name} = \`${text}\`;\n`;
}
