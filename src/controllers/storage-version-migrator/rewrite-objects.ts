import type { Client, ObjectKey } from '../../client/client.ts';
import { apiVersionOf, type ResourceType } from '../../machinery/resource-type.ts';
import { isOlderVersion } from '../../machinery/resource-version.ts';
import type { StatusReason } from '../../machinery/status-error.ts';
import { isReason } from '../../machinery/status-error.ts';
import { objectKey } from '../runtime/object-keys.ts';

const fieldManager = 'storage-version-migrator-controller';
const pageSize = 500;
/** What may be different in a moment. */
const passing: readonly StatusReason[] = [
  'ServerTimeout',
  'TooManyRequests',
  'ServiceUnavailable',
  'InternalError',
  'Timeout',
];

/** How far the rewriting came. */
export interface RewriteResult {
  readonly total: number;
  /** Those that are not known to be in the newest form. */
  readonly left: number;
  /** Why it stopped. */
  readonly failure?: { readonly error: unknown; readonly passes: boolean };
}

interface Candidate {
  readonly key: ObjectKey;
  readonly resourceVersion: string;
}

/**
 * Has every object written again that was last written at this revision or before, by a patch that changes nothing: the server
 * then stores it in the form that it has for new ones. An object that was changed or deleted meanwhile needs it no more.
 */
export async function rewriteObjects(
  client: Client,
  type: ResourceType,
  resourceVersion: string,
  signal: AbortSignal,
): Promise<RewriteResult> {
  const { total, candidates } = await candidatesOf(client, type, resourceVersion, signal);
  let left = candidates.length;
  const { kind } = type;
  for (const { key, resourceVersion } of candidates) {
    const body = { apiVersion: apiVersionOf(type), kind, metadata: { resourceVersion } };
    try {
      await client.patch(type, key, { type: 'merge', body }, { fieldManager, signal });
    } catch (error) {
      signal.throwIfAborted();
      if (!isReason(error, 'Conflict') && !isReason(error, 'NotFound'))
        return { total, left, failure: { error, passes: passing.some((reason) => isReason(error, reason)) } };
    }
    left--;
  }
  return { total, left };
}

async function candidatesOf(client: Client, type: ResourceType, resourceVersion: string, signal: AbortSignal) {
  const candidates: Candidate[] = [];
  let total = 0;
  let next: string | undefined;
  do {
    const page = await client.list(type, { limit: pageSize, ...(next !== undefined && { continue: next }), signal });
    total += page.items.length;
    for (const object of page.items) {
      const { resourceVersion: own = '' } = object.metadata;
      if (!isOlderVersion(resourceVersion, own)) candidates.push({ key: objectKey(object), resourceVersion: own });
    }
    next = page.metadata.continue;
  } while (next !== undefined && next !== '');
  return { total, candidates };
}
