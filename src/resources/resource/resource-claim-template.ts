import type { FieldError } from '../../machinery/field-error.ts';
import { forbidden, invalid } from '../../machinery/field-errors.ts';
import { nameIsDnsSubdomain } from '../../machinery/names.ts';
import { validateAnnotations, validateLabels } from '../../machinery/object-meta.ts';
import { ageSince } from '../../machinery/time.ts';
import { define } from '../define.ts';
import { equal } from '../equal.ts';
import { resourceClaimTemplates } from '../schema/resource-types.generated.ts';
import type { ResourceClaimTemplate } from '../schema/resource-v1.generated.ts';
import { find } from '../validation/found.ts';
import { goValue } from '../validation/go-value.ts';
import { setDeviceClaimDefaults, validateDeviceClaim } from './device-claim.ts';

/** What the claims look like that are made for pods, one for each. */
export const resourceClaimTemplateDefinition = define<ResourceClaimTemplate>(resourceClaimTemplates, {
  metadataAsNew: true,
  storage: { keyPrefix: '/registry/resourceclaimtemplates/' },
  setDefaults(template) {
    template.spec ??= {};
    template.spec.metadata ??= {};
    template.spec.spec ??= {};
    template.spec.spec.devices ??= {};
    setDeviceClaimDefaults(template.spec.spec.devices);
  },
  validateName: nameIsDnsSubdomain,
  validate,
  validateUpdate(template, old, errors) {
    validate(template, errors);
    if (equal(template.spec, old.spec)) return;
    const shown = goValue(template.spec, 'resource.v1.ResourceClaimTemplateSpec');
    errors.push(invalid('spec', shown, 'field is immutable'));
  },
  returnsDeletedObject: true,
  row: ({ metadata }, now) => [metadata.name ?? '', ageSince(metadata.creationTimestamp, now)],
});

function validate({ spec: { metadata = {}, spec = {} } = {} }: ResourceClaimTemplate, errors: FieldError[]): void {
  errors.push(...validateAnnotations(metadata.annotations ?? {}, 'spec.metadata.annotations'));
  errors.push(...validateLabels(metadata.labels ?? {}, 'spec.metadata.labels'));
  for (const field of Object.keys(metadata))
    if (field !== 'annotations' && field !== 'labels')
      errors.push(forbidden(`spec.metadata.${field}`, 'cannot be set'));
  find(errors, (found) => validateDeviceClaim(spec.devices ?? {}, 'spec.spec.devices', found));
}
