import { isConditionTrue } from '../../machinery/conditions.ts';
import type { FieldError } from '../../machinery/field-error.ts';
import { invalid, required } from '../../machinery/field-errors.ts';
import { dns1035Label, dnsSubdomain, nameIsDnsSubdomain } from '../../machinery/names.ts';
import type { Draft } from '../../machinery/object.ts';
import { resourceVersionProblem } from '../../machinery/resource-version.ts';
import { define } from '../define.ts';
import { keepingMetadata } from '../keep-metadata.ts';
import { storageVersionMigrations } from '../schema/resource-types.generated.ts';
import type { StorageVersionMigration, StorageVersionMigrationSpec } from '../schema/storagemigration-v1.generated.ts';
import { shared } from '../shared.ts';
import { applyRule } from '../validation/apply-rule.ts';
import { validateConditions } from '../validation/conditions.ts';
import { goValue } from '../validation/go-value.ts';
import { validateImmutable } from '../validation/immutable.ts';

const shownConditions: ReadonlySet<string> = new Set(['Running', 'Failed', 'Succeeded']);

/** The wish that every object of a resource be written again, in the form in which it is stored now (KEP-4192). */
export const storageVersionMigrationDefinition = define<StorageVersionMigration>(storageVersionMigrations, {
  storage: { keyPrefix: '/registry/storageversionmigrations/' },
  setDefaults(migration) {
    migration.spec ??= {} as Draft<StorageVersionMigrationSpec>;
    migration.status ??= {};
  },
  validateName: nameIsDnsSubdomain,
  prepareForCreate(migration) {
    migration.status = {};
  },
  prepareForUpdate(migration, old) {
    migration.status = shared(old.status ?? {});
  },
  validate,
  validateUpdate(migration, old, errors) {
    validate(migration, errors);
    const shown = goValue(migration.spec, 'storagemigration.v1.StorageVersionMigrationSpec');
    validateImmutable(migration.spec, old.spec, 'spec', errors, shown);
  },
  unconditionalUpdate: false,
  status: keepingMetadata({
    prepareForUpdate(migration, old) {
      migration.spec = shared(old.spec);
    },
    validateUpdate: validateStatus,
  }),
  row: ({ metadata, spec, status }) => [
    metadata.name ?? '',
    resourceText(spec),
    (status?.conditions ?? []).findLast((each) => each.status === 'True' && shownConditions.has(each.type))?.type ??
      'Unknown',
  ],
});

function resourceText(spec: StorageVersionMigrationSpec | undefined): string {
  const { group = '', resource = '' } = spec?.resource ?? {};
  return group === '' ? resource : `${resource}.${group}`;
}

/** Whether a migration has ended this way: neither end is ever taken back. */
export function hasEnded({ status }: StorageVersionMigration, end: 'Succeeded' | 'Failed'): boolean {
  return isConditionTrue(status?.conditions, end);
}

function validate({ spec }: StorageVersionMigration, errors: FieldError[]): void {
  const { group = '', resource = '' } = spec?.resource ?? {};
  const path = 'spec.resource.resource';
  if (resource === '') errors.push(required(path, 'resource is required to be set'));
  else applyRule((value) => joined(dns1035Label(value)), resource, path, errors);
  if (group !== '') applyRule((value) => joined(dnsSubdomain(value)), group, 'spec.resource.group', errors);
}

/** All that is wrong with one value, as one error. */
function joined(problems: readonly string[]): readonly string[] {
  return problems.length === 0 ? problems : [problems.join(',')];
}

function validateStatus(migration: StorageVersionMigration, old: StorageVersionMigration, errors: FieldError[]): void {
  const { conditions = [], resourceVersion = '' } = migration.status ?? {};
  const { resourceVersion: oldVersion = '' } = old.status ?? {};
  const problem = resourceVersion === '' ? undefined : resourceVersionProblem(resourceVersion);
  if (problem !== undefined) errors.push(invalid('status.resourceVersion', resourceVersion, problem));
  validateConditions(conditions, 'status.conditions', errors);
  if (oldVersion !== '' && oldVersion !== resourceVersion)
    errors.push(invalid('status.resourceVersion', resourceVersion, 'field is immutable'));
  const shown = goValue(migration.status, 'storagemigration.v1.StorageVersionMigrationStatus');
  const wrong = (why: string) =>
    errors.push(invalid('status.conditions', (shown as { readonly Conditions: unknown }).Conditions, why));
  const succeeded = hasEnded(migration, 'Succeeded');
  const failed = hasEnded(migration, 'Failed');
  if (succeeded && failed) wrong('Both success and failed conditions cannot be true at the same time');
  if (hasEnded(old, 'Succeeded') && !succeeded) wrong('Success condition cannot be set to false once it is true');
  if (hasEnded(old, 'Failed') && !failed) wrong('Failed condition cannot be set to false once it is true');
}
