import type { SchemaSource, StructSchema } from '../../machinery/schema/schema.ts';
import type { ResourceDefinition } from '../../resources/definition.ts';
import { kubernetesVersion } from '../discovery/server-version.ts';
import type { ConnectHandler, SubresourceHandler } from '../registry/extension-points.ts';
import { connectParameters } from './connect-parameters.ts';
import {
  connectOperation,
  createOperation,
  deleteCollectionOperation,
  deleteOperation,
  listOperation,
  type Method,
  methods,
  type Operation,
  type OperationSubject,
  patchOperation,
  readLogOperation,
  readOperation,
  replaceOperation,
  responses,
} from './operations.ts';
import { type Parameter, pathParameters, pretty } from './parameters.ts';
import { type Component, type GroupVersionKind, SchemaComponents } from './schema-components.ts';

export interface DocumentSources {
  readonly group: string;
  readonly version: string;
  /** Of this group and version. */
  readonly definitions: readonly ResourceDefinition[];
  /** Those of every group: types refer to kinds of others. */
  readonly allDefinitions: readonly ResourceDefinition[];
  readonly subresources: readonly SubresourceHandler[];
  readonly connects: readonly ConnectHandler[];
  /** Types that documents need beside those of the definitions. */
  readonly schemas: SchemaSource;
}

type Reference = { readonly $ref: string };

/** Operations by method in lower case, and what they share. */
export interface PathItem extends Partial<Record<Method, Operation>> {
  readonly parameters?: readonly Parameter[];
}

type Paths = Record<string, PathItem>;

/** A document of OpenAPI 3.0, as much of it as there is here. */
export interface GroupVersionDocument {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Component>>;
    readonly securitySchemes: Readonly<Record<string, object>>;
  };
}

/** The schemas that operations of every kind point to. */
interface CommonReferences {
  readonly deleteOptions: Reference;
  readonly status: Reference;
  readonly patch: Reference;
  readonly listMeta: StructSchema;
}

const patchComponent = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch';

/** The OpenAPI 3.0 document of one group and version, made from what is served. */
export function groupVersionDocument(sources: DocumentSources): GroupVersionDocument {
  const { group, version, definitions, schemas } = sources;
  const components = new SchemaComponents(kindsOf(sources));
  const common: CommonReferences = {
    deleteOptions: components.add(required(schemas, 'meta.v1.DeleteOptions')),
    status: components.add(required(schemas, 'meta.v1.Status')),
    patch: components.addPlain(patchComponent, { description: 'A patch to an object.', type: 'object' }),
    listMeta: required(schemas, 'meta.v1.ListMeta'),
  };
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const prefix = idPrefix(group, version);
  const tag = `${prefix[0]?.toLowerCase() ?? ''}${prefix.slice(1).replace(/(?=V\d)/, '_')}`.replace(/_V/, '_v');
  const resourceList = components.add(required(schemas, 'meta.v1.APIResourceList'));
  const paths: Paths = {
    [`${root}/`]: {
      get: {
        tags: [tag],
        description: 'get available resources',
        operationId: `get${prefix}APIResources`,
        responses: responses([200], resourceList),
      },
    },
  };
  for (const definition of definitions) {
    addResource(paths, { definition, components, common, sources, root, prefix, tag });
  }
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: kubernetesVersion.gitVersion },
    paths: Object.fromEntries(
      Object.entries(paths)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([path, item]) => [path, shareParameters(item)]),
    ),
    components: {
      schemas: components.schemas(),
      securitySchemes: {
        BearerToken: {
          type: 'apiKey',
          description: 'Bearer Token authentication',
          name: 'authorization',
          in: 'header',
        },
      },
    },
  };
}

interface ResourceInput {
  readonly definition: ResourceDefinition;
  readonly components: SchemaComponents;
  readonly common: CommonReferences;
  readonly sources: DocumentSources;
  readonly root: string;
  readonly prefix: string;
  readonly tag: string;
}

function addResource(paths: Paths, input: ResourceInput): void {
  const { definition, components, common, root, prefix, tag } = input;
  const { type, verbs } = definition;
  const kind: GroupVersionKind = { group: type.group, version: type.version, kind: type.kind };
  const scope = type.namespaced ? 'Namespaced' : '';
  const subject: OperationSubject = {
    kind,
    owner: type.kind,
    tag,
    idPrefix: `${prefix}${scope}`,
    idSuffix: '',
    part: '',
  };
  const item = components.add(definition.schema);
  const inNamespace = type.namespaced ? `${root}/namespaces/{namespace}/${type.resource}` : `${root}/${type.resource}`;
  const namespace = type.namespaced ? [pathParameters.namespace] : [];
  const collection: Partial<Record<Method, Operation>> = {};
  if (verbs.includes('list')) {
    const listKind = { ...kind, kind: definition.names.listKind };
    const listName = `${definition.schema.name.slice(0, definition.schema.name.lastIndexOf('.'))}.${listKind.kind}`;
    const list = components.addList(listName, listKind, definition.schema, common.listMeta);
    collection['get'] = listOperation(subject, list);
    if (type.namespaced) {
      const everywhere = { ...subject, idPrefix: prefix, idSuffix: 'ForAllNamespaces' };
      paths[`${root}/${type.resource}`] = { get: listOperation(everywhere, list), parameters: [pretty] };
    }
  }
  if (verbs.includes('create')) collection['post'] = createOperation(subject, item);
  if (verbs.includes('deletecollection')) {
    collection['delete'] = deleteCollectionOperation(subject, common.deleteOptions, common.status);
  }
  if (Object.keys(collection).length > 0) paths[inNamespace] = { ...collection, parameters: [...namespace, pretty] };
  const deleted = definition.returnsDeletedObject === true ? item : common.status;
  const named: PathItem = {
    ...(verbs.includes('get') && { get: readOperation(subject, item) }),
    ...(verbs.includes('update') && { put: replaceOperation(subject, item) }),
    ...(verbs.includes('delete') && { delete: deleteOperation(subject, common.deleteOptions, deleted) }),
    ...(verbs.includes('patch') && { patch: patchOperation(subject, item, common.patch) }),
  };
  const parameters = [pathParameters.name(type.kind), ...namespace, pretty];
  if (Object.keys(named).length > 0) paths[`${inNamespace}/{name}`] = { ...named, parameters };
  addSubresources(paths, input, `${inNamespace}/{name}`, subject, parameters, item);
}

function addSubresources(
  paths: Paths,
  { definition, components, common, sources }: ResourceInput,
  path: string,
  subject: OperationSubject,
  parameters: readonly Parameter[],
  item: Reference,
): void {
  const view = (name: string, kind: GroupVersionKind, body: Reference): void => {
    const views = { ...subject, kind, idSuffix: camel(name), part: name };
    const others = { get: readOperation(views, body), patch: patchOperation(views, body, common.patch) };
    // A namespace is finalized by PUT alone.
    paths[`${path}/${name}`] = {
      ...(name !== 'finalize' && others),
      put: replaceOperation(views, body),
      parameters,
    };
  };
  if (definition.status !== undefined) view('status', subject.kind, item);
  for (const name of Object.keys(definition.views ?? {})) view(name, subject.kind, item);
  if (definition.scale !== undefined) {
    const scale = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
    view('scale', scale, components.add(required(sources.schemas, 'autoscaling.v1.Scale')));
  }
  for (const handler of sources.subresources.filter((each) => isFor(each.resource, definition))) {
    const { group, version, kind, schemaName } = handler.bodyType;
    const body = components.add(required(sources.schemas, schemaName));
    const own = {
      ...subject,
      kind: { group, version, kind },
      idSuffix: camel(handler.subresource),
      part: handler.subresource,
    };
    paths[`${path}/${handler.subresource}`] = { post: createOperation(own, body), parameters };
  }
  const connects = sources.connects.filter((each) => isFor(each.resource, definition));
  for (const handler of connects) addConnect(paths, handler, path, subject, parameters);
}

function addConnect(
  paths: Paths,
  { subresource, methods: served }: ConnectHandler,
  path: string,
  subject: OperationSubject,
  shared: readonly Parameter[],
): void {
  const own = {
    ...subject,
    kind: connectKind(subject.kind, subresource),
    idSuffix: camel(subresource),
    part: subresource,
  };
  const taken = methods.filter((method) => served.includes(method.toUpperCase()));
  const operations = (subject: OperationSubject): PathItem =>
    Object.fromEntries(taken.map((method) => [method, connectOperation(subject, method)]));
  const parameters = byName([
    ...shared.filter((parameter) => parameter !== pretty),
    ...(connectParameters[subresource] ?? []),
  ]);
  const item = subresource === 'log' ? { get: readLogOperation(own) } : operations(own);
  paths[`${path}/${subresource}`] = { ...item, parameters };
  if (subresource !== 'proxy') return;
  const below = { ...own, idSuffix: `${own.idSuffix}WithPath` };
  paths[`${path}/proxy/{path}`] = { ...operations(below), parameters: byName([...parameters, pathParameters.rest]) };
}

/** What the only operation of a path takes stands with the path. */
function shareParameters(item: PathItem): PathItem {
  const [method, second] = methods.filter((each) => item[each] !== undefined);
  if (method === undefined || second !== undefined) return item;
  const { parameters = [], ...operation } = item[method] as Operation;
  if (parameters.length === 0) return item;
  return { [method]: operation, parameters: byName([...parameters, ...(item.parameters ?? [])]) };
}

function byName(parameters: readonly Parameter[]): readonly Parameter[] {
  return parameters.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/**
 * A connection is of the kind of its options, such as `PodExecOptions`. Clients look any one of the PATCH operations of an object's kind
 * up to learn what it can do, and those of a proxy must not be among them.
 */
function connectKind(kind: GroupVersionKind, subresource: string): GroupVersionKind {
  if (subresource === 'log') return kind;
  const part = subresource === 'portforward' ? 'PortForward' : camel(subresource);
  return { ...kind, kind: `${kind.kind}${part}Options` };
}

function isFor(
  type: { readonly group: string; readonly resource: string },
  { type: own }: ResourceDefinition,
): boolean {
  return type.group === own.group && type.resource === own.resource;
}

/** Which schemas are kinds: those served, the bodies of subresources, and the types that every group shares. */
function kindsOf(sources: DocumentSources): ReadonlyMap<string, readonly GroupVersionKind[]> {
  const kinds = new Map<string, GroupVersionKind[]>();
  const add = (schemaName: string, { group, version, kind }: GroupVersionKind) => {
    const known = kinds.getOrInsertComputed(schemaName, () => []);
    if (!known.some((each) => each.group === group && each.version === version && each.kind === kind)) {
      known.push({ group, kind, version });
    }
  };
  for (const { type, schema } of sources.allDefinitions) add(schema.name, type);
  for (const { bodyType } of sources.subresources) add(bodyType.schemaName, bodyType);
  add('autoscaling.v1.Scale', { group: 'autoscaling', version: 'v1', kind: 'Scale' });
  add('meta.v1.Status', { group: '', version: 'v1', kind: 'Status' });
  add('meta.v1.APIResourceList', { group: '', version: 'v1', kind: 'APIResourceList' });
  add('meta.v1.DeleteOptions', { group: '', version: 'v1', kind: 'DeleteOptions' });
  add('meta.v1.DeleteOptions', { group: sources.group, version: sources.version, kind: 'DeleteOptions' });
  return kinds;
}

/** `AppsV1`, `CoreV1`, `RbacAuthorizationV1`. */
function idPrefix(group: string, version: string): string {
  const short = group === '' ? 'core' : group.replace(/\.k8s\.io$/, '');
  return `${short.split(/[.-]/).map(camel).join('')}${camel(version)}`;
}

function camel(word: string): string {
  return `${word[0]?.toUpperCase() ?? ''}${word.slice(1)}`;
}

function required(schemas: SchemaSource, name: string): StructSchema {
  const schema = schemas.get(name);
  if (schema === undefined) throw new Error(`the schema table has no ${name}`);
  return schema;
}
