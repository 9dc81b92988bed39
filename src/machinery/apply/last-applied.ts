import { goSortedJson } from '../go-text.ts';
import { isMembers, type Members } from '../members.ts';
import { maxJsonDepth, outlineJson } from '../schema/json-text.ts';
import type { StructSchema } from '../schema/schema.ts';
import { compareObjects } from './compare.ts';
import { fieldSetOf } from './field-set.ts';
import { difference, type Fields } from './fields.ts';
import { appliedProblem } from './validate-applied.ts';

/** Where client-side apply keeps what it applied last. */
const annotation = 'kubectl.kubernetes.io/last-applied-configuration';

/** The only manager for which the annotation of client-side apply is heeded and kept. */
export const kubectlManager = 'kubectl';

function lastApplied(object: Members): string | undefined {
  const metadata = object['metadata'];
  const annotations = isMembers(metadata) ? metadata['annotations'] : undefined;
  const value = isMembers(annotations) ? annotations[annotation] : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/**
 * The fields that client-side apply set and nobody changed since: kubectl may take them over without conflict. Undefined when the
 * object was not applied that way, or its annotation cannot be read.
 */
export function fieldsOfLastApplied(schema: StructSchema, live: Members, apiVersion: string): Fields | undefined {
  const text = lastApplied(live);
  if (text === undefined || outlineJson(text).depth > maxJsonDepth) return undefined;
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isMembers(config) || config['apiVersion'] !== apiVersion) return undefined;
  if (appliedProblem(schema, config) !== undefined) return undefined;
  const { added, modified, removed } = compareObjects(schema, config, live);
  return difference(difference(difference(fieldSetOf(schema, config), modified), added), removed);
}

/** The object with the annotation brought up to date, so that client-side apply may go on from here; itself when it has none. */
export function withLastApplied(object: Members, config: Members): Members {
  if (lastApplied(object) === undefined) return object;
  const metadata = object['metadata'] as Members;
  const annotations = metadata['annotations'] as Members;
  const value = `${goSortedJson(withoutAnnotation(config))}\n`;
  return { ...object, metadata: { ...metadata, annotations: { ...annotations, [annotation]: value } } };
}

function withoutAnnotation(config: Members): Members {
  const metadata = config['metadata'];
  const annotations = isMembers(metadata) ? metadata['annotations'] : undefined;
  if (!isMembers(metadata)) return config;
  const { annotations: _null, ...others } = metadata;
  if (!isMembers(annotations)) return annotations === null ? { ...config, metadata: others } : config;
  const { [annotation]: _, ...rest } = annotations;
  return { ...config, metadata: { ...metadata, annotations: rest } };
}
