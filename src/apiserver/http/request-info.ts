import { parseFieldSelector } from '../../machinery/field-selector.ts';
import { badRequest } from '../../machinery/status-errors.ts';
import type { RequestInfo, Verb } from '../request.ts';

export interface ParsedRequest {
  readonly info: RequestInfo;
  readonly query: URLSearchParams;
  /** Whether the path names one object. */
  readonly isItem: boolean;
  /** What follows the subresource, with its slash: the path of a proxy. */
  readonly rest: string;
}

const verbs: Readonly<Record<string, Verb>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};
const namespaceSubresources = new Set(['status', 'finalize']);

/** Never changed by anybody. */
const noQuery = new URLSearchParams();

/** Reads from method and path what a request is about, by the regular shape of Kubernetes paths. */
export function parseRequest(method: string, target: string): ParsedRequest {
  const mark = target.indexOf('?');
  const raw = mark < 0 ? target : target.slice(0, mark);
  const path = decode(raw);
  const query = mark < 0 ? noQuery : new URLSearchParams(target.slice(mark + 1));
  const parts = path.split('/').filter((part) => part !== '');
  const prefix = parts[0];
  const isResource = (prefix === 'api' && parts.length >= 3) || (prefix === 'apis' && parts.length >= 4);
  if (!isResource)
    return { info: { isResource: false, path, verb: method.toLowerCase() }, query, isItem: false, rest: '' };
  const group = prefix === 'api' ? '' : (parts[1] ?? '');
  const start = prefix === 'api' ? 1 : 2;
  const location = locate(parts.slice(start + 1));
  const verb = location.watched ? 'watch' : verbOf(method, location.name, query);
  const fieldSelector = query.get('fieldSelector') ?? '';
  const named = location.name === '' && (verb === 'list' || verb === 'watch' || verb === 'deletecollection');
  const info: RequestInfo = {
    isResource: true,
    path,
    verb,
    group,
    version: parts[start] ?? '',
    // Nothing is served behind two slashes, but for what a proxy passes on.
    resource: hasGap(path, start + location.consumed) ? '' : location.resource,
    subresource: location.subresource,
    namespace: location.namespace,
    name: named ? selectedName(fieldSelector) : location.name,
    fieldSelector,
    labelSelector: query.get('labelSelector') ?? '',
  };
  return { info, query, isItem: location.name !== '', rest: restOf(raw, start + location.consumed + 1) };
}

interface Location {
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** The old way to ask for a watch: `/api/v1/watch/pods`. */
  readonly watched: boolean;
  /** How many parts of the path these are. */
  readonly consumed: number;
}

/** What comes after the version. */
function locate(all: readonly string[]): Location {
  const watched = all[0] === 'watch' && all.length > 1;
  const parts = watched ? all.slice(1) : all;
  const before = watched ? 1 : 0;
  const inNamespace = parts[0] === 'namespaces' && parts.length > 2 && !namespaceSubresources.has(parts[2] ?? '');
  const own = inNamespace ? parts.slice(2) : parts;
  const [resource = '', name = '', subresource = ''] = own;
  const namespace = inNamespace ? (parts[1] ?? '') : resource === 'namespaces' ? name : '';
  const consumed = before + (inNamespace ? 2 : 0) + Math.min(own.length, 3);
  return { resource, subresource, namespace, name, watched, consumed };
}

function verbOf(method: string, name: string, query: URLSearchParams): Verb {
  const verb = verbs[method] ?? method.toLowerCase();
  if (name !== '') return verb;
  if (verb === 'get') return isTrue(query.get('watch')) ? 'watch' : 'list';
  return verb === 'delete' ? 'deletecollection' : verb;
}

/** As Kubernetes reads booleans in a query: anything but these is true, the empty string included. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== 'false' && value !== '0';
}

/** A list of the one object with this name is authorised as a request about that object. */
export function selectedName(fieldSelector: string): string {
  if (!fieldSelector.includes('metadata.name')) return '';
  try {
    const name = parseFieldSelector(fieldSelector).exactValue('metadata.name') ?? '';
    return /[/%]|^\.\.?$/.test(name) ? '' : name;
  } catch {
    return '';
  }
}

/** Whether one of the first `count` parts of a path and the one after them, the first at 0, is empty. */
function hasGap(path: string, count: number): boolean {
  const parts = path.replaceAll(/^\/+|\/+$/g, '').split('/');
  return parts.slice(0, count + 1).includes('');
}

/** Where the first `count` parts of a path end, the rest begins. */
function restOf(path: string, count: number): string {
  let at = 0;
  for (let seen = 0; seen < count; seen++) {
    while (path[at] === '/') at++;
    const slash = path.indexOf('/', at);
    if (slash < 0) return '';
    at = slash;
  }
  return path.slice(at);
}

function decode(path: string): string {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    throw badRequest(`invalid URL escape in ${JSON.stringify(path)}`);
  }
}
