import { nameIsDnsSubdomain } from '../../../machinery/names.ts';
import { ageSince } from '../../../machinery/time.ts';
import { define } from '../../define.ts';
import type { ResourceQuota } from '../../schema/core-v1.generated.ts';
import { resourceQuotas } from '../../schema/resource-types.generated.ts';
import { shared } from '../../shared.ts';
import { validateHardAmounts, validateQuotaSpec, validateScopesUnchanged } from './validate-resource-quota.ts';

export const resourceQuotaDefinition = define<ResourceQuota>(resourceQuotas, {
  storage: { keyPrefix: '/registry/resourcequotas/' },
  setDefaults(quota) {
    quota.spec ??= {};
    quota.status ??= {};
  },
  validateName: nameIsDnsSubdomain,
  prepareForCreate(quota) {
    quota.status = {};
  },
  prepareForUpdate(quota, old) {
    quota.status = shared(old.status ?? {});
  },
  validate: ({ spec = {} }, errors) => validateQuotaSpec(spec, errors),
  validateUpdate(quota, old, errors) {
    validateQuotaSpec(quota.spec ?? {}, errors);
    validateScopesUnchanged(quota.spec?.scopes, old.spec?.scopes, errors);
  },
  status: {
    prepareForUpdate(quota, old) {
      quota.spec = shared(old.spec ?? {});
    },
    validateUpdate({ status = {} }, _old, errors) {
      validateHardAmounts(status.hard, 'status.hard', errors);
      validateHardAmounts(status.used, 'status.used', errors);
    },
  },
  returnsDeletedObject: true,
  row: ({ metadata, status = {} }, now) => [
    metadata.name ?? '',
    usageOf(status, (name) => !isLimit(name)),
    usageOf(status, isLimit),
    ageSince(metadata.creationTimestamp, now),
  ],
});

function isLimit(name: string): boolean {
  return name.startsWith('limits.');
}

/** `pods: 3/10, requests.cpu: 1/4` */
function usageOf({ hard = {}, used = {} }: NonNullable<ResourceQuota['status']>, wanted: (name: string) => boolean) {
  const names = Object.keys(hard).filter(wanted).sort();
  return names.map((name) => `${name}: ${used[name] ?? '0'}/${hard[name]}`).join(', ');
}
