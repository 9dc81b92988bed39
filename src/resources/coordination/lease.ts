import type { FieldError } from '../../machinery/field-error.ts';
import { invalid } from '../../machinery/field-errors.ts';
import { nameIsDnsSubdomain } from '../../machinery/names.ts';
import type { Draft } from '../../machinery/object.ts';
import { ageSince } from '../../machinery/time.ts';
import { define } from '../define.ts';
import type { Lease } from '../schema/coordination-v1.generated.ts';
import { leases } from '../schema/resource-types.generated.ts';

export const leaseDefinition = define<Lease>(leases, {
  anyFinalizer: true,
  storage: { keyPrefix: '/registry/leases/' },
  setDefaults(lease) {
    lease.spec ??= {};
  },
  validateName: nameIsDnsSubdomain,
  prepareForCreate: dropCoordination,
  prepareForUpdate: dropCoordination,
  validate({ spec }, errors) {
    validateSpec(spec ?? {}, errors);
  },
  unconditionalUpdate: false,
  createOnUpdate: true,
  row: ({ metadata, spec }, now) => [
    metadata.name ?? '',
    spec?.holderIdentity ?? '',
    ageSince(metadata.creationTimestamp, now),
  ],
});

/** Coordinated leader election is behind a gate that is off by default in 1.37. */
function dropCoordination(lease: Draft<Lease>): void {
  delete lease.spec?.strategy;
  delete lease.spec?.preferredHolder;
}

function validateSpec(spec: NonNullable<Lease['spec']>, errors: FieldError[]): void {
  const { leaseDurationSeconds, leaseTransitions } = spec;
  if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0)
    errors.push(invalid('spec.leaseDurationSeconds', leaseDurationSeconds, 'must be greater than 0'));
  if (leaseTransitions !== undefined && leaseTransitions < 0)
    errors.push(invalid('spec.leaseTransitions', leaseTransitions, 'must be greater than or equal to 0'));
}
