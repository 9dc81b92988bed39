import type { FieldError } from '../../machinery/field-error.ts';
import { forbidden, invalid, notSupported, required } from '../../machinery/field-errors.ts';
import { dnsLabel, dnsSubdomain } from '../../machinery/names.ts';
import type {
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  Subject,
} from '../schema/flowcontrol-v1.generated.ts';
import { applyRule } from '../validation/apply-rule.ts';

const verbs: ReadonlySet<string> = new Set([
  'get',
  'list',
  'create',
  'update',
  'delete',
  'deletecollection',
  'patch',
  'watch',
  'proxy',
]);
/** Each kind of subject with the field that says which one. */
const subjectFields = { ServiceAccount: 'serviceAccount', User: 'user', Group: 'group' } as const;

/** Who asks for what. */
export function validateFlowRule(rule: PolicyRulesWithSubjects, path: string, errors: FieldError[]): void {
  const { subjects = [], resourceRules = [], nonResourceRules = [] } = rule;
  if (subjects.length === 0) errors.push(required(`${path}.subjects`, 'subjects must contain at least one value'));
  for (const [index, subject] of subjects.entries()) validateSubject(subject, `${path}.subjects[${index}]`, errors);
  if (resourceRules.length === 0 && nonResourceRules.length === 0)
    errors.push(required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty'));
  for (const [index, each] of resourceRules.entries())
    validateResourceRule(each, `${path}.resourceRules[${index}]`, errors);
  for (const [index, each] of nonResourceRules.entries())
    validateNonResourceRule(each, `${path}.nonResourceRules[${index}]`, errors);
}

function validateSubject(subject: Subject, path: string, errors: FieldError[]): void {
  const own = Object.entries(subjectFields).find(([kind]) => kind === subject.kind)?.[1];
  if (own === undefined) {
    errors.push(notSupported(`${path}.kind`, subject.kind, new Set(Object.keys(subjectFields))));
    return;
  }
  validateSubjectName(subject, own, `${path}.${own}`, errors);
  const order = ['serviceAccount', 'user', 'group'] as const;
  for (const field of order) {
    if (field === own || subject[field] === undefined) continue;
    const kind = Object.entries(subjectFields).find(([, each]) => each === field)?.[0];
    errors.push(forbidden(`${path}.${field}`, `${field} is forbidden when subject kind is not '${kind}'`));
  }
}

function validateSubjectName(
  subject: Subject,
  field: 'serviceAccount' | 'user' | 'group',
  path: string,
  errors: FieldError[],
): void {
  const named = subject[field];
  if (named === undefined) {
    errors.push(required(path, `${field} is required when subject kind is '${subject.kind}'`));
    return;
  }
  if (!named.name) errors.push(required(`${path}.name`));
  else if (field === 'serviceAccount' && named.name !== '*')
    applyRule(dnsSubdomain, named.name, `${path}.name`, errors);
  if (field !== 'serviceAccount') return;
  const namespace = subject.serviceAccount?.namespace ?? '';
  if (namespace === '') errors.push(required(`${path}.namespace`, 'must specify namespace for service account'));
  else applyRule(dnsLabel, namespace, `${path}.namespace`, errors);
}

function validateVerbs(wanted: readonly string[], path: string, errors: FieldError[]): void {
  if (wanted.length === 0) errors.push(required(path, 'verbs must contain at least one value'));
  else if (wanted.includes('*')) validateAloneWildcard(wanted, 'verbs', path, errors);
  else if (wanted.some((verb) => !verbs.has(verb))) errors.push(notSupported(path, wanted, verbs));
}

/** Who names all names nothing else. */
function validateAloneWildcard(wanted: readonly string[], what: string, path: string, errors: FieldError[]): void {
  if (wanted.length > 1 && wanted.includes('*'))
    errors.push(invalid(path, wanted, `if '*' is present, must not specify other ${what}`));
}

function validateResourceRule(rule: ResourcePolicyRule, path: string, errors: FieldError[]): void {
  const { apiGroups = [], resources = [], clusterScope = false } = rule;
  const namespaces = rule.namespaces ?? [];
  validateVerbs(rule.verbs ?? [], `${path}.verbs`, errors);
  if (apiGroups.length === 0)
    errors.push(required(`${path}.apiGroups`, 'resource rules must supply at least one api group'));
  else validateAloneWildcard(apiGroups, 'api groups', `${path}.apiGroups`, errors);
  if (resources.length === 0)
    errors.push(required(`${path}.resources`, 'resource rules must supply at least one resource'));
  else validateAloneWildcard(resources, 'resources', `${path}.resources`, errors);
  const place = `${path}.namespaces`;
  if (namespaces.length === 0 && !clusterScope)
    errors.push(required(place, 'resource rules that are not cluster scoped must supply at least one namespace'));
  else if (namespaces.includes('*')) validateAloneWildcard(namespaces, 'namespaces', place, errors);
  else
    for (const [index, namespace] of namespaces.entries())
      for (const problem of dnsLabel(namespace)) {
        const why = `each member of this list must be '*' or a DNS-1123 label; ${problem}`;
        errors.push(invalid(`${place}[${index}]`, namespace, why));
      }
}

function validateNonResourceRule(rule: NonResourcePolicyRule, path: string, errors: FieldError[]): void {
  const urls = rule.nonResourceURLs ?? [];
  const place = `${path}.nonResourceURLs`;
  validateVerbs(rule.verbs ?? [], `${path}.verbs`, errors);
  if (urls.length === 0) errors.push(required(place, 'nonResourceURLs must contain at least one value'));
  else if (urls.includes('*')) validateAloneWildcard(urls, 'non-resource URLs', place, errors);
  else
    for (const [index, url] of urls.entries()) {
      const why = urlProblem(url);
      if (why !== undefined) errors.push(invalid(`${place}[${index}]`, url, why));
    }
}

function urlProblem(url: string): string | undefined {
  if (url === '') return 'must not be empty';
  if (!url.startsWith('/')) return 'must start with slash';
  if (url.includes(' ')) return 'must not contain white-space';
  if (url.includes('//')) return 'must not contain double slash';
  const wildcards = url.split('*').length - 1;
  const atEnd = wildcards === 1 && url.endsWith('/*');
  return wildcards === 0 || atEnd ? undefined : 'wildcard can only do suffix matching';
}
