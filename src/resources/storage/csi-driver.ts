import type { FieldError } from '../../machinery/field-error.ts';
import { duplicate, invalid, notSupported } from '../../machinery/field-errors.ts';
import { nameIsDnsSubdomain } from '../../machinery/names.ts';
import type { Draft } from '../../machinery/object.ts';
import { ageSince } from '../../machinery/time.ts';
import { define } from '../define.ts';
import { equal } from '../equal.ts';
import { csiDrivers } from '../schema/resource-types.generated.ts';
import type { CSIDriver, CSIDriverSpec, TokenRequest } from '../schema/storage-v1.generated.ts';
import { validateImmutable } from '../validation/immutable.ts';

const groupPolicies = ['File', 'None', 'ReadWriteOnceWithFSType'];
const lifecycleModes = ['Persistent', 'Ephemeral'];
const minTokenSeconds = 600;
const maxTokenSeconds = 2 ** 32;
const minUpdateSeconds = 10;
const tokensInAttributes =
  'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes';

/** How a CSI driver wants to be called: whether its volumes are attached, what it is told of pods, which tokens it gets. */
export const csiDriverDefinition = define<CSIDriver>(csiDrivers, {
  storage: { keyPrefix: '/registry/csidrivers/' },
  setDefaults,
  validateName: nameIsDnsSubdomain,
  validate: ({ spec = {} }, errors) => validateSpec(spec, errors),
  validateUpdate({ spec = {} }, { spec: old = {} }, errors) {
    validateSpec(spec, errors);
    validateImmutable(spec.attachRequired, old.attachRequired, 'spec.attachedRequired', errors);
    validateImmutable(spec.volumeLifecycleModes, old.volumeLifecycleModes, 'spec.volumeLifecycleModes', errors);
  },
  warnings({ spec = {} }, old) {
    const { tokenRequests = [], serviceAccountTokenInSecrets } = spec;
    if (tokenRequests.length === 0 || serviceAccountTokenInSecrets !== undefined) return [];
    return equal(tokenRequests, old?.spec.tokenRequests) ? [] : [tokensInAttributes];
  },
  changesGeneration: (driver, old) => !equal(driver.spec, old.spec),
  bornWithoutGeneration: true,
  unconditionalUpdate: false,
  returnsDeletedObject: true,
  row: ({ metadata, spec }, now) => [
    metadata.name ?? '',
    spec.attachRequired ?? true,
    spec.podInfoOnMount ?? false,
    spec.storageCapacity ?? false,
    spec.tokenRequests?.map(({ audience }) => audience).join(',') ?? '<unset>',
    spec.requiresRepublish ?? false,
    spec.volumeLifecycleModes?.join(',') || '<none>',
    ageSince(metadata.creationTimestamp, now),
  ],
});

function setDefaults(driver: Draft<CSIDriver>): void {
  driver.spec ??= {};
  const { spec } = driver;
  spec.attachRequired ??= true;
  spec.podInfoOnMount ??= false;
  spec.storageCapacity ??= false;
  spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
  if ((spec.volumeLifecycleModes ?? []).length === 0) spec.volumeLifecycleModes = ['Persistent'];
  spec.requiresRepublish ??= false;
  spec.seLinuxMount ??= false;
  spec.preventPodSchedulingIfMissing ??= false;
}

function validateSpec(spec: CSIDriverSpec, errors: FieldError[]): void {
  const { fsGroupPolicy, tokenRequests = [], volumeLifecycleModes = [] } = spec;
  if (fsGroupPolicy !== undefined && !groupPolicies.includes(fsGroupPolicy))
    errors.push(notSupported('spec.fsGroupPolicy', fsGroupPolicy, groupPolicies));
  validateTokenRequests(tokenRequests, errors);
  for (const mode of volumeLifecycleModes)
    if (!lifecycleModes.includes(mode)) errors.push(notSupported('spec.volumeLifecycleModes', mode, lifecycleModes));
  const period = spec.nodeAllocatableUpdatePeriodSeconds;
  if (period !== undefined && period < minUpdateSeconds) {
    const detail = 'must be greater than or equal to 10 seconds';
    errors.push(invalid('spec.nodeAllocatableUpdatePeriodSeconds', period, detail));
  }
  if (spec.serviceAccountTokenInSecrets !== undefined && tokenRequests.length === 0) {
    const detail = 'serviceAccountTokenInSecrets is set but no tokenRequests are specified';
    errors.push(invalid('spec.serviceAccountTokenInSecrets', spec.serviceAccountTokenInSecrets, detail));
  }
}

function validateTokenRequests(requests: readonly TokenRequest[], errors: FieldError[]): void {
  const audiences = new Set<string>();
  for (const [index, { audience, expirationSeconds }] of requests.entries()) {
    const path = `spec.tokenRequests[${index}]`;
    if (audiences.has(audience)) {
      errors.push(duplicate(`${path}.audience`, audience));
      continue;
    }
    audiences.add(audience);
    if (expirationSeconds === undefined) continue;
    const refuse = (detail: string) =>
      errors.push(invalid(`${path}.expirationSeconds`, expirationSeconds, `may not specify a duration ${detail}`));
    if (expirationSeconds < minTokenSeconds) refuse('less than 10 minutes');
    if (expirationSeconds > maxTokenSeconds) refuse('larger than 2^32 seconds');
  }
}
