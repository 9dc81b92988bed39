/** The families of a text in the format of Prometheus, each with the names of its labels: `name type label label`. */
export function metricFamilies(text: string): readonly string[] {
  const types = new Map<string, string>();
  const labels = new Map<string, Set<string>>();
  for (const line of text.split('\n')) {
    const [, of, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (of !== undefined && type !== undefined) types.set(of, type);
    const [, series, inBraces = ''] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? /.exec(line) ?? [];
    if (series === undefined) continue;
    const family = types.has(series) ? series : series.replace(/_(bucket|sum|count)$/, '');
    const known = labels.get(family) ?? new Set();
    for (const [, name = ''] of inBraces.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) if (name !== 'le') known.add(name);
    labels.set(family, known);
  }
  return [...labels]
    .map(([family, names]) => [family, types.get(family) ?? 'untyped', ...[...names].sort()].join(' '))
    .sort();
}
