import { beforeEach, describe, expect, test } from 'vitest';
import { resourceContext } from '../../../test/support/resource-context.ts';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import type { ResourceDefinition } from '../../resources/definition.ts';
import { resourceFacts } from '../../resources/schema/resource-facts.generated.ts';
import { pods, serviceAccounts } from '../../resources/schema/resource-types.generated.ts';
import { builtInSchemas } from '../../resources/schema/schema-table.ts';
import type { ConnectHandler, SubresourceHandler } from '../registry/extension-points.ts';
import { componentName } from './component-names.ts';
import { descriptions } from './descriptions.ts';
import { OpenApiV3 } from './openapi-v3.ts';
import { ServedDocuments } from './served-documents.ts';

/** As much of a definition as a document is made of. */
function definition(group: string, resource: string, namespaced = true): ResourceDefinition {
  const fact = resourceFacts.find((each) => each.group === group && each.resource === resource);
  const schema = builtInSchemas.get(fact?.typeName ?? '');
  if (fact === undefined || schema === undefined) throw new Error(`no facts about ${resource}`);
  const has = (name: string) => fact.subresources.some((each) => each.name === name);
  return {
    type: { group, version: fact.version, resource, kind: fact.kind, namespaced },
    names: { singular: fact.singular, listKind: `${fact.kind}List`, shortNames: [], categories: [] },
    schema,
    verbs: fact.verbs,
    ...(has('status') && { status: {} }),
    ...(has('scale') && { scale: {} }),
  } as unknown as ResourceDefinition;
}

const token: SubresourceHandler = {
  resource: serviceAccounts,
  subresource: 'token',
  bodyType: {
    group: 'authentication.k8s.io',
    version: 'v1',
    kind: 'TokenRequest',
    schemaName: 'authentication.v1.TokenRequest',
  },
  create: async () => ({}),
};
const exec: ConnectHandler = {
  resource: pods,
  subresource: 'exec',
  methods: ['GET', 'POST'],
  fetch: async () => ({ status: 200, headers: {} }),
};

let served: { generation: number; list: ResourceDefinition[]; all(): Iterable<{ definition: ResourceDefinition }> };
let openApi: OpenApiV3;

beforeEach(() => {
  served = {
    generation: 1,
    list: [
      definition('', 'pods'),
      definition('', 'namespaces', false),
      definition('', 'serviceaccounts'),
      definition('apps', 'deployments'),
      definition('authorization.k8s.io', 'selfsubjectaccessreviews', false),
    ],
    *all() {
      for (const each of this.list) yield { definition: each };
    },
  };
  const documents = new ServedDocuments({
    served,
    subresources: [token],
    connects: [exec],
    schemas: builtInSchemas,
  });
  openApi = new OpenApiV3(documents, new VirtualEnvironment(1));
});

async function get(url: string, headers: Record<string, string> = {}) {
  const { pathname, searchParams } = new URL(url, 'https://server');
  const answer = await openApi.fetch({
    ...resourceContext({}),
    info: { isResource: false, path: pathname, verb: 'get' },
    query: searchParams,
    http: { method: 'GET', path: url, headers },
  });
  const text = Buffer.from((answer.body as Uint8Array | undefined) ?? []).toString();
  return { ...answer, json: text === '' ? undefined : JSON.parse(text) };
}

const urlOf = async (groupVersion: string): Promise<string> =>
  (await get('/openapi/v3')).json.paths[groupVersion].serverRelativeURL;

describe('documents', () => {
  test('there is one for each group and version, under its hash', async () => {
    const { json, headers } = await get('/openapi/v3');
    expect(Object.keys(json.paths)).toEqual(['api/v1', 'apis/apps/v1', 'apis/authorization.k8s.io/v1']);
    expect(json.paths['apis/apps/v1'].serverRelativeURL).toMatch(/^\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]{64}$/);
    expect(headers['content-type']).toBe('application/json');
  });

  test('with the right hash it may be kept for good, without it is asked for again', async () => {
    const url = await urlOf('apis/apps/v1');
    const kept = await get(url);
    expect(kept.headers).toMatchObject({
      'cache-control': 'public, immutable',
      expires: expect.stringContaining('2027'),
    });
    const { etag = '' } = kept.headers;
    expect(etag).toBe(`"${url.split('hash=')[1]}"`);
    const asked = await get('/openapi/v3/apis/apps/v1');
    expect(asked).toMatchObject({ status: 200, headers: { etag, vary: 'Accept' } });
    expect(asked.headers['cache-control']).toBeUndefined();
    expect(await get('/openapi/v3/apis/apps/v1', { 'if-none-match': etag })).toMatchObject({
      status: 304,
      json: undefined,
    });
    expect(await get('/openapi/v3/apis/apps/v1?hash=OLD')).toMatchObject({ status: 301, headers: { location: url } });
  });

  test('what is not served is not found, what is not JSON is not had', async () => {
    expect((await get('/openapi/v3/apis/nope/v1')).status).toBe(404);
    expect((await get('/openapi/v3/')).status).toBe(404);
    expect((await get('/openapi/v3/api/v1', { accept: 'application/xml' })).status).toBe(406);
    expect((await get('/openapi/v3/api/v1', { accept: 'application/xml, application/json;q=0.5' })).status).toBe(200);
  });

  test('a definition that comes or goes changes its document and no other', async () => {
    const [apps, core] = [await urlOf('apis/apps/v1'), await urlOf('api/v1')];
    served.list.push(definition('apps', 'statefulsets'));
    served.generation++;
    expect(await urlOf('apis/apps/v1')).not.toBe(apps);
    expect(await urlOf('api/v1')).toBe(core);
    served.list.pop();
    served.generation++;
    expect(await urlOf('apis/apps/v1')).toBe(apps);
  });
});

describe('schemas', () => {
  const schemasOf = async (groupVersion: string) => (await get(`/openapi/v3/${groupVersion}`)).json.components.schemas;

  test('a kind says that it is one, and refers to its parts', async () => {
    const schemas = await schemasOf('apis/apps/v1');
    expect(schemas['io.k8s.api.apps.v1.Deployment']).toMatchObject({
      type: 'object',
      required: ['spec'],
      properties: {
        metadata: {
          default: {},
          allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }],
        },
        spec: { default: {}, allOf: [{ $ref: '#/components/schemas/io.k8s.api.apps.v1.DeploymentSpec' }] },
      },
      'x-kubernetes-group-version-kind': [{ group: 'apps', kind: 'Deployment', version: 'v1' }],
    });
    expect(schemas['io.k8s.api.apps.v1.DeploymentList']).toMatchObject({
      required: ['items'],
      'x-kubernetes-group-version-kind': [{ group: 'apps', kind: 'DeploymentList', version: 'v1' }],
    });
    expect(schemas['io.k8s.api.core.v1.Pod']).toBeUndefined();
  });

  test('how lists and maps are merged is told', async () => {
    const schemas = await schemasOf('apis/apps/v1');
    const pod = schemas['io.k8s.api.core.v1.PodSpec'].properties;
    expect(pod.containers).toMatchObject({
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-patch-strategy': 'merge',
    });
    expect(pod.volumes['x-kubernetes-patch-strategy']).toBe('merge,retainKeys');
    expect(pod.nodeSelector).toMatchObject({
      additionalProperties: { type: 'string' },
      'x-kubernetes-map-type': 'atomic',
    });
    expect(schemas['io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector']['x-kubernetes-map-type']).toBe('atomic');
    expect(schemas['io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'].properties.finalizers).toMatchObject({
      'x-kubernetes-list-type': 'set',
      'x-kubernetes-patch-strategy': 'merge',
    });
  });

  test('scalars, enums and defaults', async () => {
    const schemas = await schemasOf('api/v1');
    expect(schemas['io.k8s.api.core.v1.ContainerPort']).toMatchObject({
      required: ['containerPort'],
      properties: {
        containerPort: { type: 'integer', format: 'int32', default: 0 },
        protocol: { type: 'string', default: 'TCP', enum: ['SCTP', 'TCP', 'UDP'] },
      },
    });
    expect(schemas['io.k8s.apimachinery.pkg.api.resource.Quantity']).toEqual({
      oneOf: [{ type: 'string' }, { type: 'number' }],
    });
    expect(schemas['io.k8s.apimachinery.pkg.util.intstr.IntOrString'].format).toBe('int-or-string');
    expect(schemas['io.k8s.api.core.v1.HTTPGetAction'].properties.port.allOf).toHaveLength(1);
    expect(schemas['io.k8s.apimachinery.pkg.apis.meta.v1.Time']).toEqual({ type: 'string', format: 'date-time' });
  });

  test('every reference leads somewhere', async () => {
    for (const groupVersion of ['api/v1', 'apis/apps/v1', 'apis/authorization.k8s.io/v1']) {
      const { json } = await get(`/openapi/v3/${groupVersion}`);
      const references = new Set(JSON.stringify(json).match(/#\/components\/schemas\/[^"]+/g));
      const missing = [...references].filter((each) => json.components.schemas[each.split('/')[3] ?? ''] === undefined);
      expect(missing).toEqual([]);
    }
  });

  test('each description is of a type or field that exists', () => {
    const lost = Object.keys(descriptions).filter((name) => {
      if (builtInSchemas.get(name) !== undefined) return false;
      const dot = name.lastIndexOf('.');
      return builtInSchemas.get(name.slice(0, dot))?.fields.get(name.slice(dot + 1)) === undefined;
    });
    expect(lost).toEqual([]);
  });
});

describe('paths', () => {
  const pathsOf = async (groupVersion: string) => (await get(`/openapi/v3/${groupVersion}`)).json.paths;
  const names = (parameters: readonly { name: string }[]) => parameters.map((each) => each.name);

  test('of a namespaced resource', async () => {
    const paths = await pathsOf('apis/apps/v1');
    expect(Object.keys(paths)).toEqual([
      '/apis/apps/v1/',
      '/apis/apps/v1/deployments',
      '/apis/apps/v1/namespaces/{namespace}/deployments',
      '/apis/apps/v1/namespaces/{namespace}/deployments/{name}',
      '/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale',
      '/apis/apps/v1/namespaces/{namespace}/deployments/{name}/status',
    ]);
    const named = paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}'];
    expect(named.patch).toMatchObject({
      description: 'partially update the specified Deployment',
      operationId: 'patchAppsV1NamespacedDeployment',
      tags: ['apps_v1'],
      'x-kubernetes-action': 'patch',
      'x-kubernetes-group-version-kind': { group: 'apps', version: 'v1', kind: 'Deployment' },
    });
    expect(names(named.patch.parameters)).toEqual(['dryRun', 'fieldManager', 'fieldValidation', 'force']);
    expect(names(named.parameters)).toEqual(['name', 'namespace', 'pretty']);
    const collection = paths['/apis/apps/v1/namespaces/{namespace}/deployments'];
    expect(collection.delete.operationId).toBe('deleteAppsV1CollectionNamespacedDeployment');
    expect(collection.delete['x-kubernetes-action']).toBe('deletecollection');
    expect(names(collection.post.parameters)).toContain('fieldValidation');
    expect(paths['/apis/apps/v1/deployments'].get.operationId).toBe('listAppsV1DeploymentForAllNamespaces');
    const scale = paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale'].get;
    expect(scale).toMatchObject({
      description: 'read scale of the specified Deployment',
      operationId: 'readAppsV1NamespacedDeploymentScale',
      'x-kubernetes-group-version-kind': { group: 'autoscaling', version: 'v1', kind: 'Scale' },
    });
  });

  test('of cluster-wide resources, of reviews, and of what handlers answer', async () => {
    const core = await pathsOf('api/v1');
    expect(core['/api/v1/namespaces/{name}'].get.operationId).toBe('readCoreV1Namespace');
    expect(core['/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token'].post).toMatchObject({
      operationId: 'createCoreV1NamespacedServiceAccountToken',
      'x-kubernetes-group-version-kind': { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
    });
    expect(core['/api/v1/namespaces/{namespace}/pods/{name}/exec'].post).toMatchObject({
      operationId: 'connectCoreV1PostNamespacedPodExec',
      'x-kubernetes-action': 'connect',
      'x-kubernetes-group-version-kind': { group: '', version: 'v1', kind: 'PodExecOptions' },
    });
    const reviews = await pathsOf('apis/authorization.k8s.io/v1');
    expect(Object.keys(reviews['/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'])).toEqual([
      'post',
      'parameters',
    ]);
  });
});

test.each([
  ['core.v1.Pod', 'io.k8s.api.core.v1.Pod'],
  ['meta.v1.ObjectMeta', 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'],
  [
    'apiextensions.v1.CustomResourceDefinition',
    'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition',
  ],
  ['apiregistration.v1.APIService', 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService'],
  ['com.example.stable.v1.CronTab', 'com.example.stable.v1.CronTab'],
])('%s is the component %s', (schemaName, component) => {
  expect(componentName(schemaName)).toBe(component);
});
