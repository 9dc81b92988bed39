import { StatusError } from '../../machinery/status-error.ts';
import { resourceNotServed } from '../../machinery/status-errors.ts';
import type { ResourceDefinition } from '../../resources/definition.ts';
import type { Extensions } from '../registry/extensions.ts';
import type { ResourceRequestInfo } from '../request.ts';

/** 405: the path is right, the method is not. */
export function methodNotAllowed(): StatusError {
  return new StatusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
    details: {},
  });
}

/** Throws NotFound for a path that the resource does not have, MethodNotAllowed for a method that the path does not take. */
export function checkRoute(
  definition: ResourceDefinition,
  extensions: Extensions,
  info: ResourceRequestInfo,
  method: string,
  isItem: boolean,
): void {
  const methods = methodsOf(definition, extensions, info, isItem);
  if (methods.length === 0) throw resourceNotServed();
  if (!methods.includes(method)) throw methodNotAllowed();
}

interface ResourceMethods {
  readonly item: readonly string[];
  readonly collection: readonly string[];
}

const itemMethods = { get: 'GET', update: 'PUT', patch: 'PATCH', delete: 'DELETE' } as const;
const collectionMethods = { list: 'GET', create: 'POST', deletecollection: 'DELETE' } as const;
const viewMethods = ['GET', 'PUT', 'PATCH'];

/** The methods that the path takes; none: there is no such path. */
function methodsOf(
  definition: ResourceDefinition,
  extensions: Extensions,
  info: ResourceRequestInfo,
  isItem: boolean,
): readonly string[] {
  const { namespaced, resource } = definition.type;
  const inNamespace = info.namespace !== '' && resource !== 'namespaces';
  if (inNamespace && !namespaced) return [];
  if (info.subresource !== '') return subresourceMethods(definition, extensions, info.subresource);
  if (isItem) return namespaced && !inNamespace ? [] : resourceMethods(definition).item;
  if (!namespaced || inNamespace) return resourceMethods(definition).collection;
  return definition.verbs.includes('list') ? ['GET'] : [];
}

const methodsOfDefinition = new WeakMap<ResourceDefinition, ResourceMethods>();

/** What the verbs of a definition come to, worked out once. */
function resourceMethods(definition: ResourceDefinition): ResourceMethods {
  let methods = methodsOfDefinition.get(definition);
  if (methods === undefined) {
    methods = { item: allowed(definition, itemMethods), collection: allowed(definition, collectionMethods) };
    methodsOfDefinition.set(definition, methods);
  }
  return methods;
}

function allowed(definition: ResourceDefinition, methods: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(methods).flatMap(([verb, method]) => (definition.verbs.includes(verb) ? [method] : []));
}

function subresourceMethods(
  definition: ResourceDefinition,
  extensions: Extensions,
  subresource: string,
): readonly string[] {
  const { type, status, scale, views = {} } = definition;
  const isView =
    (subresource === 'status' && status !== undefined) ||
    (subresource === 'scale' && scale !== undefined) ||
    Object.hasOwn(views, subresource);
  return [
    ...(isView ? (subresource === 'finalize' ? ['PUT'] : viewMethods) : []),
    ...(extensions.subresource(type, subresource) === undefined ? [] : ['POST']),
    ...(extensions.connect(type, subresource)?.methods ?? []),
  ];
}
