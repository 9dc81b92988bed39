import type { PolicyRule } from '../../resources/schema/rbac-v1.generated.ts';

/** What of `wanted` the rules of an owner do not cover, broken down to single permissions. Empty: everything is covered. */
export function uncoveredRules(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): readonly PolicyRule[] {
  return wanted.flatMap((rule) => [...breakDown(rule)].filter((single) => !owned.some((each) => covers(each, single))));
}

/** One rule for each verb, group, resource and name, or for each verb and path. */
function* breakDown(rule: PolicyRule): Iterable<PolicyRule> {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  for (const group of apiGroups) {
    for (const resource of resources) {
      for (const verb of verbs) {
        const single = { verbs: [verb], apiGroups: [group], resources: [resource] };
        if (resourceNames.length === 0) yield single;
        for (const name of resourceNames) yield { ...single, resourceNames: [name] };
      }
    }
  }
  for (const url of nonResourceURLs) for (const verb of verbs) yield { verbs: [verb], nonResourceURLs: [url] };
}

function covers(owner: PolicyRule, single: PolicyRule): boolean {
  if (!single.verbs.every((verb) => hasOrAll(owner.verbs, verb))) return false;
  const { apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = single;
  const ownerNames = owner.resourceNames ?? [];
  return (
    apiGroups.every((group) => hasOrAll(owner.apiGroups ?? [], group)) &&
    resources.every((resource) => coversResource(owner.resources ?? [], resource)) &&
    nonResourceURLs.every((url) => coversUrl(owner.nonResourceURLs ?? [], url)) &&
    (ownerNames.length === 0 || (resourceNames.length > 0 && resourceNames.every((name) => ownerNames.includes(name))))
  );
}

function hasOrAll(values: readonly string[], value: string): boolean {
  return values.includes('*') || values.includes(value);
}

function coversResource(owned: readonly string[], resource: string): boolean {
  if (hasOrAll(owned, resource)) return true;
  const slash = resource.indexOf('/');
  return slash >= 0 && owned.includes(`*${resource.slice(slash)}`);
}

function coversUrl(owned: readonly string[], url: string): boolean {
  return owned.some((each) => each === url || (each.endsWith('*') && url.startsWith(each.replace(/\*+$/, ''))));
}
