import type { PolicyRule } from '../../resources/schema/rbac-v1.generated.ts';
import type { RequestInfo } from '../request.ts';

/** The rules of one role, arranged so that a request looks only at those that could match. */
export interface CompiledRules {
  allows(info: RequestInfo): boolean;
}

interface ResourceRule {
  /** Undefined: every verb. */
  readonly verbs: ReadonlySet<string> | undefined;
  /** Undefined: every group. */
  readonly groups: ReadonlySet<string> | undefined;
  /** Undefined: every name. */
  readonly names: ReadonlySet<string> | undefined;
}

interface PathRule {
  readonly verbs: ReadonlySet<string> | undefined;
  readonly exact: ReadonlySet<string>;
  readonly prefixes: readonly string[];
}

const compiled = new WeakMap<readonly PolicyRule[], CompiledRules>();
const noRules: readonly PolicyRule[] = [];

/** Compiles the rules of a role once for each version of the role. */
export function compileRules(rules: readonly PolicyRule[] = noRules): CompiledRules {
  return compiled.getOrInsertComputed(rules, () => new RuleTable(rules));
}

class RuleTable implements CompiledRules {
  /** By resource as rules name it: `pods`, `pods/log`, `*`, or `*` and a slash and a subresource. */
  readonly #resources = new Map<string, ResourceRule[]>();
  readonly #paths: PathRule[] = [];

  constructor(rules: readonly PolicyRule[]) {
    for (const rule of rules) {
      const verbs = setOrAll(rule.verbs);
      const compiledRule: ResourceRule = {
        verbs,
        groups: setOrAll(rule.apiGroups ?? []),
        names: (rule.resourceNames ?? []).length === 0 ? undefined : new Set(rule.resourceNames),
      };
      for (const resource of new Set(rule.resources)) {
        this.#resources.getOrInsertComputed(resource, () => []).push(compiledRule);
      }
      if ((rule.nonResourceURLs ?? []).length > 0) this.#paths.push(pathRule(verbs, rule.nonResourceURLs ?? []));
    }
  }

  allows(info: RequestInfo): boolean {
    if (!info.isResource) return this.#paths.some((rule) => pathMatches(rule, info.verb, info.path));
    const { resource, subresource } = info;
    if (subresource === '') return this.#allows(resource, info) || this.#allows('*', info);
    return (
      this.#allows(`${resource}/${subresource}`, info) ||
      this.#allows('*', info) ||
      this.#allows(`*/${subresource}`, info)
    );
  }

  #allows(resource: string, info: { verb: string; group: string; name: string }): boolean {
    const rules = this.#resources.get(resource);
    if (rules === undefined) return false;
    for (const rule of rules) {
      if (
        (rule.verbs === undefined || rule.verbs.has(info.verb)) &&
        (rule.groups === undefined || rule.groups.has(info.group)) &&
        (rule.names === undefined || rule.names.has(info.name))
      )
        return true;
    }
    return false;
  }
}

function setOrAll(values: readonly string[]): ReadonlySet<string> | undefined {
  return values.includes('*') ? undefined : new Set(values);
}

function pathRule(verbs: ReadonlySet<string> | undefined, urls: readonly string[]): PathRule {
  return {
    verbs,
    exact: new Set(urls),
    prefixes: urls.filter((url) => url.endsWith('*')).map((url) => url.replace(/\*+$/, '')),
  };
}

function pathMatches(rule: PathRule, verb: string, path: string): boolean {
  if (rule.verbs !== undefined && !rule.verbs.has(verb)) return false;
  return rule.exact.has(path) || rule.prefixes.some((prefix) => path.startsWith(prefix));
}
