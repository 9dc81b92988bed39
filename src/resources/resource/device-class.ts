import type { FieldError } from '../../machinery/field-error.ts';
import { invalid } from '../../machinery/field-errors.ts';
import { nameIsDnsSubdomain, qualifiedName } from '../../machinery/names.ts';
import { ageSince } from '../../machinery/time.ts';
import { define } from '../define.ts';
import { equal } from '../equal.ts';
import { deviceClasses } from '../schema/resource-types.generated.ts';
import type { DeviceClass, DeviceClassSpec } from '../schema/resource-v1.generated.ts';
import { type Found, find } from '../validation/found.ts';
import { mostRequests, validateSelectors } from './device-claim.ts';
import { validateDeviceConfiguration } from './device-configuration.ts';
import { validateList } from './lists.ts';

/** A kind of devices that claims may ask for (KEP-4381). */
export const deviceClassDefinition = define<DeviceClass>(deviceClasses, {
  storage: { keyPrefix: '/registry/deviceclasses/' },
  setDefaults(deviceClass) {
    deviceClass.spec ??= {};
  },
  validateName: nameIsDnsSubdomain,
  validate: ({ spec = {} }, errors) => find(errors, (found) => validateSpec(spec, found)),
  validateUpdate: ({ spec = {} }, { spec: old = {} }, errors) =>
    find(errors, (found) => validateSpec(spec, found, equal(spec.config, old.config))),
  changesGeneration: (deviceClass, old) => !equal(deviceClass.spec, old.spec),
  returnsDeletedObject: true,
  row: ({ metadata }, now) => [metadata.name ?? '', ageSince(metadata.creationTimestamp, now)],
});

function validateSpec(spec: DeviceClassSpec, found: Found, sameConfig = false): void {
  const { selectors, config, extendedResourceName: name } = spec;
  validateSelectors(selectors, 'spec.selectors', found);
  validateList(config, mostRequests, 'spec.config', found, (each, at) =>
    validateDeviceConfiguration(each, at, found, sameConfig),
  );
  if (name !== undefined) validateExtendedResource(name, 'spec.extendedResourceName', found.later);
}

function validateExtendedResource(name: string, path: string, errors: FieldError[]): void {
  if (!name.includes('/'))
    errors.push(invalid(path, name, "a name must be a domain-prefixed path, such as 'example.com/my-prop'"));
  else if (name.includes('kubernetes.io/')) errors.push(invalid(path, name, 'must not have "kubernetes.io/" domain'));
  if (name.startsWith('requests.')) errors.push(invalid(path, name, 'must not have "requests." prefix'));
  // Quotas are of `requests.` with the name.
  for (const problem of qualifiedName(`requests.${name}`)) errors.push(invalid(path, name, problem));
}
