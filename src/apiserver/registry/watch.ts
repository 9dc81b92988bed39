import type { Environment } from '../../machinery/environment/environment.ts';
import { forbidden, notSupported } from '../../machinery/field-errors.ts';
import { invalidObject } from '../../machinery/status-errors.ts';
import type { Watcher } from '../watch/watcher.ts';
import { parseRevision, type ReadScope } from './read.ts';
import { compileSelection } from './selectors.ts';

export interface WatchSettings {
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
  /** 0: the server decides. */
  readonly timeoutSeconds: number;
  /** Watches have no pages. */
  readonly continue: string;
}

/** Watches that say nothing end after half an hour to an hour, so that load spreads over servers again. */
const minTimeoutSeconds = 1_800;

/**
 * Begins a watch. Without a version, or with 0, everything that is there comes first; with one, what happened after it. Items of the
 * watcher are in stored form: the caller asks the view. Throws Expired when history does not reach back that far.
 */
export async function watch(scope: ReadScope, settings: WatchSettings): Promise<Watcher> {
  checkWatchSettings(settings);
  const { definition, view, storage } = scope.resource;
  const { filter } = compileSelection(definition, view, scope.info);
  const wanted = parseRevision(settings.resourceVersion);
  const streaming = settings.sendInitialEvents === true;
  const unversioned = wanted === undefined || wanted === 0;
  if (wanted === undefined || (streaming && unversioned)) await storage.cache.fresh(scope);
  else if (streaming) await storage.cache.notOlderThan(wanted, scope);
  else await storage.cache.loaded();
  return storage.cache.watch({
    filter,
    after: streaming || unversioned ? unlessFromNow(settings) : wanted,
    markInitialEventsEnd: streaming && settings.allowWatchBookmarks,
    allowBookmarks: settings.allowWatchBookmarks,
    timeoutMs: timeoutMs(scope.environment, settings.timeoutSeconds),
    signal: scope.signal,
  });
}

/** Everything that is there, unless a watcher asks for none of it. */
function unlessFromNow({ sendInitialEvents }: WatchSettings): 'now' | undefined {
  return sendInitialEvents === false ? 'now' : undefined;
}

function timeoutMs(environment: Environment, timeoutSeconds: number): number {
  return (timeoutSeconds > 0 ? timeoutSeconds : minTimeoutSeconds * (1 + environment.random())) * 1000;
}

function checkWatchSettings({ resourceVersionMatch, sendInitialEvents, continue: token }: WatchSettings): void {
  const field = 'resourceVersionMatch';
  const errors = [];
  if (sendInitialEvents === undefined && resourceVersionMatch !== '')
    errors.push(forbidden(field, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'));
  if (sendInitialEvents !== undefined && resourceVersionMatch !== 'NotOlderThan')
    errors.push(forbidden(field, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  if (resourceVersionMatch !== '' && resourceVersionMatch !== 'NotOlderThan')
    errors.push(notSupported(field, resourceVersionMatch, ['NotOlderThan']));
  if (resourceVersionMatch !== '' && token !== '')
    errors.push(forbidden(field, 'resourceVersionMatch is forbidden when continue is provided'));
  if (errors.length > 0) throw invalidObject({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors);
}
