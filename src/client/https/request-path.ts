import type { ResourceType } from '../../machinery/resource-type.ts';
import type { DeleteOptions, ListOptions, PatchOptions, WatchOptions, WriteOptions } from '../client.ts';

export interface ResourceAddress {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/** Query parameters; those that are undefined are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** `/apis/apps/v1/namespaces/default/deployments/web/scale`. Without a namespace: all of them. */
export function resourcePath(type: ResourceType, address: ResourceAddress, query: Query = {}): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const { namespace, name, subresource } = address;
  const scope = type.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  const view = subresource === undefined ? '' : `/${subresource}`;
  return `${root}${scope}/${type.resource}${object}${view}${queryString(query)}`;
}

export function listQuery(options: ListOptions): Query {
  return {
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    limit: options.limit,
    continue: options.continue,
    resourceVersion: options.resourceVersion,
    resourceVersionMatch: options.resourceVersionMatch,
  };
}

/** A server that streams the initial state asks for the match to be said (KEP-3157); it is, unless the caller has. */
export function watchQuery(options: WatchOptions): Query {
  const match = options.sendInitialEvents === undefined ? undefined : 'NotOlderThan';
  return {
    ...listQuery(options),
    resourceVersionMatch: options.resourceVersionMatch ?? match,
    watch: true,
    allowWatchBookmarks: options.allowWatchBookmarks,
    sendInitialEvents: options.sendInitialEvents,
    timeoutSeconds: options.timeoutSeconds,
  };
}

export function writeQuery(options: WriteOptions & Pick<PatchOptions, 'force'>): Query {
  return {
    dryRun: options.dryRun === true ? 'All' : undefined,
    fieldManager: options.fieldManager,
    fieldValidation: options.fieldValidation,
    force: options.force,
  };
}

/** The `DeleteOptions` object that a delete carries as its body; undefined where there is nothing to say. */
export function deleteBody(options: DeleteOptions): object | undefined {
  const { gracePeriodSeconds, propagationPolicy, preconditions } = options;
  const said = {
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    ...(preconditions === undefined ? {} : { preconditions }),
    ...(options.dryRun === true ? { dryRun: ['All'] } : {}),
  };
  return Object.keys(said).length === 0 ? undefined : { kind: 'DeleteOptions', apiVersion: 'v1', ...said };
}

function queryString(query: Query): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]))}`;
}
