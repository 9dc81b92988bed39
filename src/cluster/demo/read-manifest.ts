import { readFileSync } from 'node:fs';
import { loadAll, YAMLException } from 'js-yaml';
import { isMembers } from '../../machinery/members.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { apiVersionOf, type ResourceType } from '../../machinery/resource-type.ts';
import { builtInDefinitions } from '../../resources/built-in.ts';

/** A file with objects of known kinds and with names. */
export interface Manifest {
  readonly file: string;
  readonly objects: readonly ManifestObject[];
}

export interface ManifestObject {
  readonly type: ResourceType;
  readonly name: string;
  readonly object: KubeObject;
}

/** The objects of a file, those of a List each by itself; `-` is standard input. Throws what is wrong with it, for the user who named it. */
export function readManifest(file: string): Manifest {
  const text = readText(file);
  let documents: readonly unknown[];
  try {
    documents = loadAll(text);
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const { line, column } = error.mark ?? { line: 0, column: 0 };
    throw new Error(`${file} is no valid YAML: line ${line + 1}, column ${column + 1}: ${error.reason}`, {
      cause: error,
    });
  }
  const objects = documents
    .filter((each) => each !== null && each !== undefined)
    .flatMap((each) => objectsOf(each, file));
  if (objects.length === 0) throw new Error(`the manifest ${file} has no objects in it`);
  return { file, objects };
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new Error(`the manifest ${file} ${unreadable[code] ?? `cannot be read: ${message}`}`, { cause: error });
  }
}

const unreadable: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'cannot be read: permission denied',
  EISDIR: 'is a directory: name the files in it',
  ENOTDIR: 'does not exist',
};

function objectsOf(value: unknown, file: string): readonly ManifestObject[] {
  if (!isMembers(value))
    throw new Error(`${file} has something that is no object of Kubernetes: each needs apiVersion, kind and metadata`);
  const { kind, items } = value;
  if (typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items))
    return items.flatMap((item) => objectsOf(item, file));
  const { metadata } = value;
  const object = { ...value, metadata: isMembers(metadata) ? metadata : {} } as KubeObject;
  const type = typeOf(object, file);
  const { name } = object.metadata;
  if (name === undefined) throw new Error(`${file}: a ${type.kind} has no metadata.name`);
  return [{ type, name, object }];
}

function typeOf({ apiVersion = '', kind = '', metadata }: KubeObject, file: string): ResourceType {
  const found = builtInDefinitions.find(({ type }) => type.kind === kind && apiVersionOf(type) === apiVersion);
  if (found !== undefined) return found.type;
  throw new Error(
    `${file}: no matches for kind "${kind}" in version "${apiVersion}" (object ${metadata.name ?? 'without a name'})`,
  );
}
