import { readFileSync } from 'node:fs';
import { loadAll, YAMLException } from 'js-yaml';
import { isMembers } from '../../machinery/members.ts';
import type { KubeObject } from '../../machinery/object.ts';

/** The objects of a file. Throws what is wrong with it, for the user who named it. */
export function readManifest(file: string): readonly KubeObject[] {
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
  return documents.filter((each) => each !== null && each !== undefined).map((each) => objectOf(each, file));
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
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

function objectOf(value: unknown, file: string): KubeObject {
  if (isMembers(value)) return { metadata: {}, ...value } as KubeObject;
  throw new Error(`${file} has something that is no object of Kubernetes: each needs apiVersion, kind and metadata`);
}
