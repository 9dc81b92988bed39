import { beforeEach, describe, expect, test } from 'vitest';
import { resourceContext } from '../../../test/support/resource-context.ts';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import { builtInDefinitions } from '../../resources/built-in.ts';
import type { ResourceDefinition } from '../../resources/definition.ts';
import { builtInSchemas } from '../../resources/schema/schema-table.ts';
import { ProtobufReader } from '../../wire/protobuf-reader.ts';
import { OpenApiV2 } from './openapi-v2.ts';
import { ServedDocuments } from './served-documents.ts';

const protobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

const wanted = new Set(['pods', 'namespaces', 'deployments', 'persistentvolumes']);
let served: { generation: number; list: ResourceDefinition[] };
let openApi: OpenApiV2;

beforeEach(() => {
  served = { generation: 1, list: builtInDefinitions.filter(({ type }) => wanted.has(type.resource)) };
  const documents = new ServedDocuments({
    served: {
      get generation() {
        return served.generation;
      },
      all: () => served.list.map((definition) => ({ definition })),
    },
    subresources: [],
    connects: [],
    schemas: builtInSchemas,
  });
  openApi = new OpenApiV2(documents, new VirtualEnvironment(1));
});

async function ask(headers: Record<string, string> = {}) {
  const path = '/openapi/v2';
  const answer = await openApi.fetch({
    ...resourceContext({}),
    info: { isResource: false, path, verb: 'get' },
    http: { method: 'GET', path, headers },
  });
  const body = answer.body as Uint8Array | undefined;
  return { status: answer.status, type: answer.headers['content-type'], etag: answer.headers['etag'] ?? '', body };
}

const document = async () => JSON.parse(new TextDecoder().decode((await ask()).body));

describe('forms', () => {
  test('JSON for whoever does not say, takes anything or names nothing else that there is', async () => {
    for (const accept of ['', '*/*', 'application/json;q=0.5', 'text/plain, application/*'])
      expect((await ask(accept === '' ? {} : { accept })).type).toBe('application/json');
  });

  test('protobuf under both spellings of its name, 406 for what there is not', async () => {
    for (const sign of ['@', '.']) {
      const accept = `application/com.github.proto-openapi.spec.v2${sign}v1.0+protobuf`;
      expect((await ask({ accept })).type).toBe(protobufType);
    }
    expect(await ask({ accept: 'text/plain' })).toMatchObject({ status: 406 });
  });

  test('the same form has the same tag until a definition comes or goes', async () => {
    const { etag } = await ask();
    expect(await ask({ 'if-none-match': etag })).toMatchObject({ status: 304, body: undefined });
    served.list = served.list.filter(({ type }) => type.resource !== 'pods');
    served.generation++;
    const later = await ask({ 'if-none-match': etag });
    expect(later.status).toBe(200);
    expect(later.etag).not.toBe(etag);
  });
});

describe('the document', () => {
  test('has the types of all groups, in the words of version 2', async () => {
    const { swagger, definitions } = await document();
    expect(swagger).toBe('2.0');
    expect(definitions['io.k8s.api.apps.v1.Deployment']).toMatchObject({
      type: 'object',
      required: ['spec'],
      properties: { spec: { $ref: '#/definitions/io.k8s.api.apps.v1.DeploymentSpec' } },
      'x-kubernetes-group-version-kind': [{ group: 'apps', kind: 'Deployment', version: 'v1' }],
    });
    expect(definitions['io.k8s.api.core.v1.PodSpec'].properties.containers).toMatchObject({
      type: 'array',
      items: { $ref: '#/definitions/io.k8s.api.core.v1.Container' },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-patch-strategy': 'merge',
    });
    // The field says otherwise than the type.
    expect(definitions['io.k8s.api.core.v1.ObjectReference']['x-kubernetes-map-type']).toBe('atomic');
    const volume = definitions['io.k8s.api.core.v1.PersistentVolumeSpec'].properties;
    expect(volume.claimRef['x-kubernetes-map-type']).toBe('granular');
    expect(definitions['io.k8s.apimachinery.pkg.api.resource.Quantity']).toEqual({ type: 'string' });
    expect(definitions['io.k8s.apimachinery.pkg.util.intstr.IntOrString']).toEqual({
      type: 'string',
      format: 'int-or-string',
    });
    const entry = definitions['io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry'];
    expect(entry.properties.fieldsV1).toEqual({ $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1' });
    const kinds = definitions['io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions']['x-kubernetes-group-version-kind'];
    expect(kinds.map(({ group }: { group: string }) => group)).toEqual(['', 'apps']);
  });

  test('says no default and nothing that version 2 does not know', async () => {
    const text = JSON.stringify((await document()).definitions);
    expect(text).not.toMatch(/"(allOf|oneOf|default)":[^{]/);
    expect(text).not.toContain('#/components/');
  });

  test('every reference leads somewhere', async () => {
    const json = await document();
    const references = JSON.stringify(json).match(/#\/(definitions|parameters)\/[^"]+/g) ?? [];
    const missing = references.filter((each) => {
      const [, section = '', name = ''] = each.split('/');
      return json[section][name] === undefined;
    });
    expect(references.length).toBeGreaterThan(500);
    expect(missing).toEqual([]);
  });

  test('operations say what they take and give', async () => {
    const { paths, parameters } = await document();
    const named = paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}'];
    expect(named.patch.consumes).toContain('application/strategic-merge-patch+json');
    expect(named.patch.parameters[0]).toEqual({
      name: 'body',
      in: 'body',
      required: true,
      schema: { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.Patch' },
    });
    const shared = named.parameters.find((each: { $ref?: string }) => each.$ref?.includes('/namespace-'));
    expect(parameters[shared.$ref.split('/')[2]]).toMatchObject({ in: 'path', type: 'string', required: true });
    expect(paths['/api/v1/namespaces/{namespace}/pods/{name}'].delete.responses['200'].schema).toEqual({
      $ref: '#/definitions/io.k8s.api.core.v1.Pod',
    });
    const list = paths['/api/v1/pods'].get;
    expect(list.produces).toContain('application/json;stream=watch');
    expect(list.schemes).toEqual(['https']);
  });

  test('promises nothing about custom resources where there are none', async () => {
    const { paths } = await document();
    const names = (path: string) => JSON.stringify(paths[path].patch.parameters);
    expect(names('/api/v1/namespaces/{name}')).not.toContain('fieldValidation');
    expect(names('/api/v1/persistentvolumes/{name}')).toContain('fieldValidation');
  });

  test('is the same in protobuf', async () => {
    const json = await document();
    const { body = new Uint8Array() } = await ask({ accept: protobufType });
    const names = (field: number, inner: number) => {
      const found: string[] = [];
      const reader = new ProtobufReader(body);
      while (reader.next() && reader.field !== field);
      const section = reader.message();
      while (section.next()) {
        if (section.field !== inner) continue;
        const member = section.message();
        member.next();
        found.push(member.text());
      }
      return found;
    };
    expect(names(8, 2)).toEqual(Object.keys(json.paths));
    expect(names(9, 1)).toEqual(Object.keys(json.definitions));
    expect(names(10, 1)).toEqual(Object.keys(json.parameters));
  });
});
