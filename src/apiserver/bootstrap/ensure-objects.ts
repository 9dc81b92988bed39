import type { Reader, Writer } from '../../client/client.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import { isReason } from '../../machinery/status-error.ts';
import { isLostRace } from './lost-race.ts';

/** Writes under way at once: enough that a store with group commit makes few of them. */
const parallelWrites = 32;

type Change = () => Promise<unknown>;

export interface EnsureOptions {
  readonly fieldManager: string;
  readonly signal?: AbortSignal | undefined;
}

/** What is to be done with an object that is there, if anything. */
export type Repair<T> = { readonly action: 'update' | 'recreate'; readonly object: T } | undefined;

/**
 * Makes sure of objects of one kind; `repair` says what is lacking in one that is there. One list when nothing is missing. Answers what
 * was there.
 */
export async function ensureObjects<T extends KubeObject>(
  client: Reader & Writer,
  type: ResourceType<T>,
  wanted: readonly T[],
  repair: (existing: T, expected: T) => Repair<T>,
  options: EnsureOptions,
): Promise<readonly T[]> {
  const { items } = await client.list(type, { signal: options.signal });
  const existing = new Map(items.map((item) => [keyOf(item), item]));
  const changes = wanted.flatMap((expected): readonly Change[] => {
    const found = existing.get(keyOf(expected));
    if (found === undefined) return [() => createOrLeave(client, type, expected, options)];
    const needed = repair(found, expected);
    return needed === undefined ? [] : [() => apply(client, type, needed, options)];
  });
  await inParallel(changes);
  return items;
}

/** Another server may have been faster. */
async function createOrLeave<T extends KubeObject>(
  client: Writer,
  type: ResourceType<T>,
  object: T,
  options: EnsureOptions,
): Promise<void> {
  try {
    await client.create(type, object, options);
  } catch (error) {
    if (!isReason(error, 'AlreadyExists')) throw error;
  }
}

/** A conflict means that somebody else has just changed the object; the next start looks at it again. */
async function apply<T extends KubeObject>(
  client: Writer,
  type: ResourceType<T>,
  { action, object }: NonNullable<Repair<T>>,
  options: EnsureOptions,
): Promise<void> {
  try {
    if (action === 'update') {
      await client.update(type, object, options);
      return;
    }
    const { name = '', namespace } = object.metadata;
    await client.delete(type, { name, namespace }, { signal: options.signal });
    await client.create(type, object, options);
  } catch (error) {
    if (!isLostRace(error)) throw error;
  }
}

async function inParallel(changes: readonly Change[]): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let change = changes[next++]; change !== undefined; change = changes[next++]) await change();
  };
  await Promise.all(Array.from({ length: Math.min(parallelWrites, changes.length) }, worker));
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
}
