/** One file of an image's layer. Paths are absolute in the image: `/usr/bin/node`. */
export type LayerEntry =
  | (Common & { readonly type: 'directory' })
  | (Common & { readonly type: 'file'; readonly content: Uint8Array<ArrayBufferLike> | { readonly source: string } })
  /** A symbolic link; its mode is not kept anywhere. */
  | (Common & { readonly type: 'link'; readonly target: string });

interface Common {
  readonly path: string;
  /** Permission bits, with set-id and sticky ones. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export function directory(path: string, mode = 0o755, uid = 0, gid = 0): LayerEntry {
  return { type: 'directory', path, mode, uid, gid };
}

export function textFile(path: string, text: string, mode = 0o644): LayerEntry {
  return { type: 'file', path, mode, uid: 0, gid: 0, content: new TextEncoder().encode(text) };
}

/** A file of this machine; a program when it may be executed. */
export function sourceFile(path: string, source: string, mode = 0o644): LayerEntry {
  return { type: 'file', path, mode, uid: 0, gid: 0, content: { source } };
}

export function link(path: string, target: string): LayerEntry {
  return { type: 'link', path, target, mode: 0o777, uid: 0, gid: 0 };
}

/**
 * Entries in the order of their paths, with the directories that they need and nobody named; of two with one path the later counts. So
 * the same files always make the same layer.
 */
export function completeLayer(entries: readonly LayerEntry[]): readonly LayerEntry[] {
  const byPath = new Map<string, LayerEntry>();
  for (const entry of entries) {
    for (let end = entry.path.lastIndexOf('/'); end > 0; end = entry.path.lastIndexOf('/', end - 1)) {
      const parent = entry.path.slice(0, end);
      if (!byPath.has(parent)) byPath.set(parent, directory(parent));
    }
  }
  for (const entry of entries) byPath.set(entry.path, entry);
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}
