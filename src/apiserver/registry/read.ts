import type { Environment } from '../../machinery/environment/environment.ts';
import { forbidden, notSupported } from '../../machinery/field-errors.ts';
import { quote } from '../../machinery/go-text.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { badRequest, expired, invalidObject, notFound } from '../../machinery/status-errors.ts';
import { prefixEnd } from '../../store/store.ts';
import type { ResourceRequestInfo } from '../request.ts';
import type { PersistentTree } from '../watch/persistent-tree.ts';
import type { Snapshot } from '../watch/resource-cache.ts';
import { inScope } from '../watch/watch-filter.ts';
import type { Cancellable } from './call.ts';
import { decodeContinue, encodeContinue } from './continue-token.ts';
import { compileSelection, type Selection } from './selectors.ts';
import type { StoredObject } from './stored-object.ts';
import type { StoredResource } from './write-scope.ts';

export interface ReadScope extends Cancellable {
  readonly resource: StoredResource;
  readonly info: ResourceRequestInfo;
  readonly environment: Environment;
}

export interface ListSettings {
  /** Empty: the newest. */
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  /** 0: no limit. */
  readonly limit: number;
  readonly continue: string;
  /** Only watches may say anything of it. */
  readonly sendInitialEvents: boolean | undefined;
}

export interface ListPage {
  readonly items: readonly StoredObject[];
  readonly revision: number;
  /** Empty on the last page. */
  readonly continue: string;
  readonly remainingItemCount: number | undefined;
}

const itemsPerTurn = 2_000;

/** GET of one object. Throws NotFound. */
export async function get(scope: ReadScope, resourceVersion: string): Promise<StoredObject> {
  const { cache, format } = scope.resource.storage;
  const wanted = parseRevision(resourceVersion);
  const snapshot = wanted === undefined ? await cache.fresh(scope) : await cache.notOlderThan(wanted, scope);
  const object = snapshot.tree.get(format.key(scope.info.namespace, scope.info.name));
  if (object === undefined) throw notFound(scope.resource.definition.type, scope.info.name);
  return scope.resource.view.of(object);
}

/** GET of a collection. The page holds references; nothing is copied or encoded. */
export async function list(scope: ReadScope, settings: ListSettings): Promise<ListPage> {
  checkListSettings(settings);
  const { definition, view, storage } = scope.resource;
  const selection = compileSelection(definition, view, scope.info);
  const prefix = storage.format.prefix(selection.filter.namespace);
  const { snapshot, start } = await listStart(scope, settings, prefix);
  return collect(scope, snapshot, { start, prefix, limit: limitOf(settings), selection });
}

/** With resourceVersion 0 everything comes at once: the caller wants whatever is at hand. */
function limitOf({ limit, resourceVersion }: ListSettings): number {
  return resourceVersion === '0' ? 0 : limit;
}

async function listStart(
  scope: ReadScope,
  settings: ListSettings,
  prefix: string,
): Promise<{ readonly snapshot: Snapshot; readonly start: string }> {
  const { cache } = scope.resource.storage;
  if (settings.continue !== '') {
    if (settings.resourceVersion !== '' && settings.resourceVersion !== '0')
      throw badRequest('specifying resource version is not allowed when using continue');
    const token = decodeContinue(settings.continue);
    const start = prefix + token.start;
    if (token.revision < 0) return { snapshot: await cache.fresh(scope), start };
    const snapshot = await cache.at(token.revision, scope);
    if (snapshot === undefined) throw expiredContinue(token.start);
    return { snapshot, start };
  }
  const wanted = parseListRevision(settings.resourceVersion);
  if (wanted === undefined) return { snapshot: await cache.fresh(scope), start: prefix };
  if (!isExact(settings, wanted)) return { snapshot: await cache.notOlderThan(wanted, scope), start: prefix };
  const snapshot = await cache.at(wanted, scope);
  if (snapshot === undefined) throw expired('The resourceVersion for the provided list is too old.');
  return { snapshot, start: prefix };
}

/** Pages of a version are of that very version, unless they may be newer by word. */
function isExact({ resourceVersionMatch, limit }: ListSettings, revision: number): boolean {
  return resourceVersionMatch === 'Exact' || (resourceVersionMatch === '' && limit > 0 && revision > 0);
}

interface Collection {
  readonly start: string;
  readonly prefix: string;
  readonly limit: number;
  readonly selection: Selection;
}

async function collect(scope: ReadScope, snapshot: Snapshot, wanted: Collection): Promise<ListPage> {
  const { view, storage } = scope.resource;
  const { filter, selective } = wanted.selection;
  const { tree, revision } = snapshot;
  const end = prefixEnd(wanted.prefix);
  const items: StoredObject[] = [];
  let last = '';
  let seen = 0;
  let more = false;
  for (const object of candidates(tree, wanted, exactKey(scope, wanted.selection), end)) {
    if (++seen % itemsPerTurn === 0) {
      await scope.environment.turn();
      scope.signal?.throwIfAborted();
    }
    // There is more as soon as there is another object, wanted or not: nobody has looked at it yet.
    if (wanted.limit > 0 && items.length === wanted.limit) {
      more = true;
      break;
    }
    if (!inScope(storage.format, filter, object.key)) continue;
    if (filter.matches !== undefined && !filter.matches(object)) continue;
    items.push(view.of(object));
    last = object.key;
  }
  if (!more) return { items, revision, continue: '', remainingItemCount: undefined };
  const next = `${last}\0`;
  const token = encodeContinue({ revision, start: next.slice(wanted.prefix.length) });
  const remaining = selective ? undefined : tree.rank(end) - tree.rank(next);
  return { items, revision, continue: token, remainingItemCount: remaining };
}

/** The key of the only object that can be wanted, where namespace and name are known. */
function exactKey({ resource }: ReadScope, { filter }: Selection): string | undefined {
  const { format } = resource.storage;
  if (filter.name === '' || (format.type.namespaced && filter.namespace === '')) return undefined;
  return format.key(filter.namespace, filter.name);
}

function candidates(
  tree: PersistentTree<StoredObject>,
  wanted: Collection,
  key: string | undefined,
  end: string,
): Iterable<StoredObject> {
  if (key === undefined) return tree.between(wanted.start, end);
  const object = key >= wanted.start ? tree.get(key) : undefined;
  return object === undefined ? [] : [object];
}

/** Undefined for an empty one: the newest. What is no version is an error of the server, as in Kubernetes. */
export function parseRevision(text: string): number | undefined {
  if (text === '') return undefined;
  const revision = readRevision(text);
  if (revision === undefined) throw new StatusError({ code: 500, message: unreadable(text) });
  return revision;
}

/** The same for a list, where it is the client's. Throws BadRequest. */
function parseListRevision(text: string): number | undefined {
  if (text === '') return undefined;
  const revision = readRevision(text);
  if (revision === undefined) throw badRequest(`invalid resource version: ${unreadable(text)}`);
  return revision;
}

function readRevision(text: string): number | undefined {
  const revision = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(revision) ? revision : undefined;
}

function unreadable(text: string): string {
  const why = /^\d+$/.test(text) ? 'value out of range' : 'invalid syntax';
  return `resourceVersion: Invalid value: ${quote(text)}: strconv.ParseUint: parsing ${quote(text)}: ${why}`;
}

/** The rules of KEP-2340 on what goes with what. */
function checkListSettings(settings: ListSettings): void {
  const { resourceVersion, resourceVersionMatch, sendInitialEvents } = settings;
  const field = 'resourceVersionMatch';
  const errors = [];
  if (resourceVersionMatch !== '') {
    if (resourceVersion === '')
      errors.push(forbidden(field, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
    if (settings.continue !== '')
      errors.push(forbidden(field, 'resourceVersionMatch is forbidden when continue is provided'));
    if (resourceVersionMatch !== 'Exact' && resourceVersionMatch !== 'NotOlderThan')
      errors.push(notSupported(field, resourceVersionMatch, ['Exact', 'NotOlderThan', '']));
    if (resourceVersionMatch === 'Exact' && resourceVersion === '0')
      errors.push(forbidden(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  if (sendInitialEvents !== undefined)
    errors.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  if (errors.length > 0) throw invalidObject({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors);
}

/** 410 with a token that goes on at the same place in another state of the world, for those who can live with that. */
function expiredContinue(start: string): StatusError {
  return new StatusError({
    code: 410,
    reason: 'Expired',
    message:
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
    metadata: { continue: encodeContinue({ revision: -1, start }) },
  });
}
