import type { FieldError } from '../../machinery/field-error.ts';
import { notSupported, required } from '../../machinery/field-errors.ts';
import { dnsSubdomain, pathSegmentName } from '../../machinery/names.ts';
import type { Draft } from '../../machinery/object.ts';
import { ageSince } from '../../machinery/time.ts';
import type { Cell } from '../definition.ts';
import type { RoleBinding, RoleRef, Subject } from '../schema/rbac-v1.generated.ts';
import { applyRule } from '../validation/apply-rule.ts';
import { validateImmutable } from '../validation/immutable.ts';

const group = 'rbac.authorization.k8s.io';
const subjectKinds = ['ServiceAccount', 'User', 'Group'];

/** RoleBinding and ClusterRoleBinding have the same shape. */
type Binding = Pick<RoleBinding, 'metadata' | 'roleRef' | 'subjects'>;

export function setBindingDefaults(binding: Draft<Binding>): void {
  binding.roleRef.apiGroup ||= group;
  for (const subject of binding.subjects ?? [])
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= group;
}

export function validateBinding(
  { roleRef, subjects = [] }: Binding,
  roleKinds: readonly string[],
  namespaced: boolean,
  errors: FieldError[],
): void {
  validateRoleRef(roleRef, roleKinds, errors);
  subjects.forEach((subject, index) => {
    validateSubject(subject, namespaced, `subjects[${index}]`, errors);
  });
  subjects.forEach(({ name }, index) => {
    if (!name) errors.push(required(`subjects[${index}].name`));
  });
  if (!roleRef.name) errors.push(required('roleRef.name'));
}

function validateRoleRef(roleRef: RoleRef, roleKinds: readonly string[], errors: FieldError[]): void {
  if (roleRef.apiGroup !== group) errors.push(notSupported('roleRef.apiGroup', roleRef.apiGroup, [group]));
  if (!roleKinds.includes(roleRef.kind)) errors.push(notSupported('roleRef.kind', roleRef.kind, roleKinds));
  if (roleRef.name) applyRule((name) => pathSegmentName(name, false), roleRef.name, 'roleRef.name', errors);
}

function validateSubject(subject: Subject, namespaced: boolean, path: string, errors: FieldError[]): void {
  const apiGroup = subject.apiGroup ?? '';
  switch (subject.kind) {
    case 'ServiceAccount':
      if (subject.name) applyRule(dnsSubdomain, subject.name, `${path}.name`, errors);
      if (apiGroup !== '') errors.push(notSupported(`${path}.apiGroup`, apiGroup, ['']));
      if (!namespaced && !subject.namespace) errors.push(required(`${path}.namespace`));
      break;
    case 'User':
    case 'Group':
      if (apiGroup !== group) errors.push(notSupported(`${path}.apiGroup`, apiGroup, [group]));
      break;
    default:
      errors.push(notSupported(`${path}.kind`, subject.kind, subjectKinds));
  }
}

export function validateRoleRefUnchanged({ roleRef }: Binding, old: Binding, errors: FieldError[]): void {
  const shown = { APIGroup: roleRef.apiGroup ?? '', Kind: roleRef.kind, Name: roleRef.name };
  validateImmutable(roleRef, old.roleRef, 'roleRef', errors, shown);
}

export function bindingRow({ metadata, roleRef, subjects = [] }: Binding, now: number): readonly Cell[] {
  const named = (kind: string, text: (subject: Subject) => string) =>
    subjects
      .filter((subject) => subject.kind === kind)
      .map(text)
      .join(', ');
  return [
    metadata.name ?? '',
    `${roleRef.kind}/${roleRef.name}`,
    ageSince(metadata.creationTimestamp, now),
    named('User', ({ name }) => name),
    named('Group', ({ name }) => name),
    named('ServiceAccount', ({ namespace, name }) => `${namespace ?? ''}/${name}`),
  ];
}
