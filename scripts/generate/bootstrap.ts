/** An object of `facts/bootstrap-objects.json`. */
export interface BootstrapFact {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** The kinds that are served; those of the aggregator and of flow control follow with their rooms. */
const kinds: readonly string[] = ['PriorityClass', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'];

/** What an empty cluster has, as one JSON text with a line for each object, parsed when it is needed. */
export function bootstrapFile(facts: readonly BootstrapFact[]): string {
  const lines = kinds.flatMap((kind) => facts.filter((fact) => fact.kind === kind).map((fact) => JSON.stringify(fact)));
  const text = lines.join(',\n').replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${');
  return `// Generated from facts/bootstrap-objects.json by \`node scripts/generate/main.ts\`; do not edit.\n\nexport const bootstrapObjectsText = \`[\n${text}\n]\`;\n`;
}
