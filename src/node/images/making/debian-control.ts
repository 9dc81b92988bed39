/** What apt knows of a package that it could install. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** Of the .deb file. */
  readonly sha256: string;
  /** Groups of alternatives, any one of which will do: names only. */
  readonly depends: readonly (readonly string[])[];
}

/** Parses the stanzas that `apt-cache show` prints. */
export function parsePackages(text: string): readonly DebianPackage[] {
  return text
    .split(/\n\s*\n/)
    .map(fieldsOf)
    .flatMap((fields) => {
      const [name, version, architecture, sha256] = ['Package', 'Version', 'Architecture', 'SHA256'].map((key) =>
        fields.get(key),
      );
      if (name === undefined || version === undefined || architecture === undefined || sha256 === undefined) return [];
      const depends = [fields.get('Pre-Depends'), fields.get('Depends')].flatMap(parseDepends);
      return [{ name, version, architecture, sha256, depends }];
    });
}

/** Continued lines begin with a blank. */
function fieldsOf(stanza: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of stanza.replaceAll(/\n[ \t]+/g, ' ').split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return fields;
}

/** `a (>= 1) | b:any, c` gives `[[a, b], [c]]`: apt offers one version only, and it fits. */
function parseDepends(text: string | undefined): readonly (readonly string[])[] {
  if (text === undefined || text === '') return [];
  return text.split(',').map((group) =>
    group.split('|').map((alternative) =>
      alternative
        .replace(/\(.*\)/, '')
        .replace(/:\w+/, '')
        .trim(),
    ),
  );
}
