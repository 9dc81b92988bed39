import type { FieldError } from '../../machinery/field-error.ts';
import { required } from '../../machinery/field-errors.ts';
import { dnsSubdomain, pathSegmentName } from '../../machinery/names.ts';
import { ageSince } from '../../machinery/time.ts';
import { define } from '../define.ts';
import type { IPAddress, ParentReference } from '../schema/networking-v1.generated.ts';
import { ipAddresses } from '../schema/resource-types.generated.ts';
import { applyRule } from '../validation/apply-rule.ts';
import { validateImmutable } from '../validation/immutable.ts';
import { validateCanonicalIpAddress } from '../validation/ip-address.ts';
import { validatePathSegment } from './validate-object-reference.ts';

/** Labels of an IPAddress: who looks after it, and its family. */
export const managedByLabel = 'ipaddress.kubernetes.io/managed-by';
export const familyLabel = 'ipaddress.kubernetes.io/ip-family';
/** Who looks after those of services. */
export const addressManager = 'ipallocator.k8s.io';

const path = 'spec.parentRef';

/** An address that is taken, under its own name, and by what (KEP-1880). */
export const ipAddressDefinition = define<IPAddress>(ipAddresses, {
  metadataAsNew: true,
  storage: { keyPrefix: '/registry/ipaddresses/' },
  validateName,
  validate,
  validateUpdate(address, old, errors) {
    validate(address, errors);
    validateImmutable(address.spec.parentRef, old.spec.parentRef, path, errors, null);
  },
  row: ({ metadata, spec }, now) => [
    metadata.name ?? '',
    parentText(spec.parentRef),
    ageSince(metadata.creationTimestamp, now),
  ],
});

/** Whether the cluster made it for a service. */
export function isServiceAddress({ metadata }: IPAddress): boolean {
  return metadata.labels?.[managedByLabel] === addressManager;
}

function validateName(name: string): readonly string[] {
  const errors: FieldError[] = [];
  validateCanonicalIpAddress(name, 'metadata.name', errors);
  return errors.map(({ detail }) => detail);
}

function parentText(parent: ParentReference | undefined): string {
  if (parent === undefined) return '<none>';
  const { group, resource, namespace, name } = parent;
  const parts = [`${resource}${group ? `.${group}` : ''}`.toLowerCase(), ...(namespace ? [namespace] : []), name];
  return parts.join('/');
}

function validate({ spec }: IPAddress, errors: FieldError[]): void {
  const parent: ParentReference | undefined = spec.parentRef;
  if (parent === undefined) {
    errors.push(required(path));
    return;
  }
  const { group, resource, name, namespace } = parent;
  if (group) applyRule(dnsSubdomain, group, `${path}.group`, errors);
  validatePathSegment(resource, `${path}.resource`, errors);
  validatePathSegment(name, `${path}.name`, errors);
  if (namespace) applyRule((text) => pathSegmentName(text, false), namespace, `${path}.namespace`, errors);
}
