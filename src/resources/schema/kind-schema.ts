import { parseApiVersion } from '../../machinery/resource-type.ts';
import type { StructSchema } from '../../machinery/schema/schema.ts';
import { resourceFacts } from './resource-facts.generated.ts';
import { builtInSchemas } from './schema-table.ts';

const groups = new Set([...resourceFacts.map(({ group }) => group), 'meta.k8s.io', 'apidiscovery.k8s.io']);

/** The schema of a built-in kind, also of one that is no resource: a review, a Status, a document of discovery. */
export function kindSchema(apiVersion: string, kind: string): StructSchema | undefined {
  const { group, version } = parseApiVersion(apiVersion);
  if (!groups.has(group)) return undefined;
  const [module = ''] = group.split('.');
  return (
    builtInSchemas.get(`${module === '' ? 'core' : module}.${version}.${kind}`) ?? builtInSchemas.get(`meta.v1.${kind}`)
  );
}
