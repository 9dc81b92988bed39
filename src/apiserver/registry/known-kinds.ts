import { apiVersionOf } from '../../machinery/resource-type.ts';
import { resourceFacts } from '../../resources/schema/resource-facts.generated.ts';

const known = new Set(resourceFacts.map((fact) => `${apiVersionOf(fact)}/${fact.kind}`));

/** Whether Kubernetes has such a kind, served here or not: a body of the wrong kind is refused in other words than one of no kind. */
export function isKnownKind(apiVersion: string, kind: string): boolean {
  return known.has(`${apiVersion}/${kind}`);
}
