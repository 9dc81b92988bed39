import type { FieldError } from '../../machinery/field-error.ts';
import { invalid, required } from '../../machinery/field-errors.ts';
import { nameIsDnsSubdomain } from '../../machinery/names.ts';
import { groupResource, parseApiVersion } from '../../machinery/resource-type.ts';
import { ageSince } from '../../machinery/time.ts';
import { define } from '../define.ts';
import type { ControllerRevision } from '../schema/apps-v1.generated.ts';
import { controllerRevisions } from '../schema/resource-types.generated.ts';
import { validateImmutable } from '../validation/immutable.ts';

export const controllerRevisionDefinition = define<ControllerRevision>(controllerRevisions, {
  metadataAsNew: true,
  storage: { keyPrefix: '/registry/controllerrevisions/' },
  validateName: nameIsDnsSubdomain,
  validate,
  validateUpdate(revision, old, errors) {
    validate(revision, errors);
    validateImmutable(revision.data, old.data, 'data', errors);
  },
  row: ({ metadata, revision }, now) => [
    metadata.name ?? '',
    controllerName(metadata.ownerReferences ?? []),
    revision ?? 0,
    ageSince(metadata.creationTimestamp, now),
  ],
});

function validate({ data, revision = 0 }: ControllerRevision, errors: FieldError[]): void {
  if (revision < 0) errors.push(invalid('revision', revision, 'must be greater than or equal to 0'));
  if (data === undefined || data === null) errors.push(required('data', 'data is mandatory'));
  else if (typeof data !== 'object' || Array.isArray(data))
    errors.push(required('data', 'data must be a valid JSON object'));
}

/** `statefulset.apps/web` */
function controllerName(owners: NonNullable<ControllerRevision['metadata']['ownerReferences']>): string {
  const owner = owners.find(({ controller }) => controller === true);
  if (owner === undefined) return '<none>';
  const { group } = parseApiVersion(owner.apiVersion);
  return `${groupResource({ group, resource: owner.kind.toLowerCase() })}/${owner.name}`;
}
