import type { PolicyRule } from '../../resources/schema/rbac-v1.generated.ts';

/** What of `wanted` the rules of an owner do not cover, broken down to single permissions. Empty: everything is covered. */
export function uncoveredRules(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): readonly PolicyRule[] {
  const missing: PolicyRule[] = [];
  for (const rule of wanted) {
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) addUncovered(missing, owned, rule, group, resource);
    }
    for (const url of rule.nonResourceURLs ?? []) {
      for (const verb of rule.verbs) {
        if (!owned.some((each) => coversUrl(each, verb, url))) missing.push({ verbs: [verb], nonResourceURLs: [url] });
      }
    }
  }
  return missing;
}

function addUncovered(
  missing: PolicyRule[],
  owned: readonly PolicyRule[],
  { verbs, resourceNames = [] }: PolicyRule,
  group: string,
  resource: string,
): void {
  for (const verb of verbs) {
    const single = { verbs: [verb], apiGroups: [group], resources: [resource] };
    if (resourceNames.length === 0 && !owned.some((each) => coversResource(each, verb, group, resource, undefined))) {
      missing.push(single);
    }
    for (const name of resourceNames) {
      if (owned.some((each) => coversResource(each, verb, group, resource, name))) continue;
      missing.push({ ...single, resourceNames: [name] });
    }
  }
}

/** `name` undefined: all names. */
function coversResource(
  { verbs, apiGroups = [], resources = [], resourceNames = [] }: PolicyRule,
  verb: string,
  group: string,
  resource: string,
  name: string | undefined,
): boolean {
  if (!hasOrAll(verbs, verb) || !hasOrAll(apiGroups, group)) return false;
  if (resourceNames.length > 0 && (name === undefined || !resourceNames.includes(name))) return false;
  if (hasOrAll(resources, resource)) return true;
  const slash = resource.indexOf('/');
  return slash >= 0 && resources.includes(`*${resource.slice(slash)}`);
}

function coversUrl({ verbs, nonResourceURLs = [] }: PolicyRule, verb: string, url: string): boolean {
  if (!hasOrAll(verbs, verb)) return false;
  return nonResourceURLs.some(
    (each) => each === url || (each.endsWith('*') && url.startsWith(each.replace(/\*+$/, ''))),
  );
}

function hasOrAll(values: readonly string[], value: string): boolean {
  return values.includes('*') || values.includes(value);
}
