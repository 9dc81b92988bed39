import type { ColumnsFact, DiscoveryFact, FieldSelectorFact, TypeFact } from './facts.ts';
import { typeNameOf } from './facts.ts';

const header = '// Generated from facts/discovery.json by `node scripts/generate/main.ts`; do not edit.\n';

/** `export const pods: ResourceType<Pod>` for every resource; a name that two groups share carries its group. */
export function resourceTypesFile(types: readonly TypeFact[], discovery: readonly DiscoveryFact[]): string {
  const modules = new Set<string>();
  const lines = discovery.map((row) => {
    const typeName = typeNameOf(types, row, row.responseKind);
    if (typeName === undefined)
      throw new Error(`no type for ${row.resource}.${row.group}: is it missing from facts/types.json?`);
    const module = typeName.slice(0, typeName.lastIndexOf('.'));
    modules.add(module);
    const literal = `{ group: '${row.group}', version: '${row.version}', resource: '${row.resource}', kind: '${row.responseKind.kind}', namespaced: ${row.scope === 'Namespaced'} }`;
    return `export const ${constantName(row, discovery)}: ResourceType<${aliasOf(module)}.${row.responseKind.kind}> = ${literal};\n`;
  });
  const sorted = [...modules].sort();
  const imports = sorted.map(
    (module) => `import type * as ${aliasOf(module)} from './${module.replaceAll('.', '-')}.generated.ts';\n`,
  );
  const all = `export type { ${sorted.map(aliasOf).join(', ')} };\n`;
  return `${header}import type { ResourceType } from '../../machinery/resource-type.ts';\n${imports.join('')}\n${all}\n${lines.join('')}`;
}

/** Names, verbs, columns and field labels of every resource, as data. */
export function resourceFactsFile(
  types: readonly TypeFact[],
  discovery: readonly DiscoveryFact[],
  columns: readonly ColumnsFact[],
  selectors: readonly FieldSelectorFact[],
): string {
  const same = (row: DiscoveryFact) => (other: { group: string; version: string; resource: string }) =>
    other.group === row.group && other.version === row.version && other.resource === row.resource;
  const facts = discovery.map((row) => ({
    group: row.group,
    version: row.version,
    resource: row.resource,
    kind: row.responseKind.kind,
    typeName: typeNameOf(types, row, row.responseKind),
    singular: row.singularResource,
    shortNames: row.shortNames ?? [],
    categories: row.categories ?? [],
    verbs: row.verbs,
    subresources: (row.subresources ?? []).map((each) => ({
      name: each.subresource,
      verbs: each.verbs,
      group: each.responseKind.version === '' ? row.group : each.responseKind.group,
      version: each.responseKind.version === '' ? row.version : each.responseKind.version,
      kind: each.responseKind.kind,
    })),
    columns: (columns.find(same(row))?.columns ?? []).map((each) => [each.name, each.type, each.format, each.priority]),
    fieldLabels: selectors.find(same(row))?.fields ?? [],
  }));
  const text = facts.map((fact) => `  ${JSON.stringify(fact)},\n`).join('');
  return `${header}import type { ResourceFact } from '../resource-fact.ts';\n\nexport const resourceFacts: readonly ResourceFact[] = [\n${text}];\n`;
}

function constantName(row: DiscoveryFact, discovery: readonly DiscoveryFact[]): string {
  const camel = lowerFirst(plural(row));
  const first = discovery.find((other) => plural(other) === plural(row));
  if (first === row) return camel;
  const group = row.group.split('.')[0] ?? '';
  return first?.group === row.group ? `${camel}V${row.version.slice(1)}` : `${group}${plural(row)}`;
}

/** The plural with the kind's capitals: `EndpointSlice` and `endpointslices` give `EndpointSlices`. */
function plural(row: DiscoveryFact): string {
  const { kind } = row.responseKind;
  let shared = 0;
  while (shared < kind.length && kind[shared]?.toLowerCase() === row.resource[shared]) shared++;
  return kind.slice(0, shared) + row.resource.slice(shared);
}

function lowerFirst(name: string): string {
  return name.replace(/^([A-Z]+)(?=[A-Z][a-z]|$)|^[A-Z]/, (capitals) => capitals.toLowerCase());
}

function aliasOf(module: string): string {
  return module.replaceAll(/[.-](\w)/g, (_, letter: string) => letter.toUpperCase());
}
