import { DataDirectory, defaultDataDirectory } from '../cluster/files/data-directory.ts';

/** The directory that a command is about. Throws for an empty name, which would be the folder where somebody happens to be. */
export function dataDirectoryOf({ dataDir }: { readonly dataDir?: string }): DataDirectory {
  if (dataDir === '') throw new Error('--data-dir takes a directory, not an empty text');
  return new DataDirectory(dataDir ?? defaultDataDirectory(process.env, process.getuid?.() === 0));
}
