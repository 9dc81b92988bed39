import { nameIsDnsSubdomain } from '../../machinery/names.ts';
import type { Draft } from '../../machinery/object.ts';
import { ageSince } from '../../machinery/time.ts';
import { define } from '../define.ts';
import type { ServiceAccount } from '../schema/core-v1.generated.ts';
import { serviceAccounts } from '../schema/resource-types.generated.ts';

export const serviceAccountDefinition = define<ServiceAccount>(serviceAccounts, {
  metadataAsNew: true,
  storage: { keyPrefix: '/registry/serviceaccounts/' },
  validateName: nameIsDnsSubdomain,
  prepareForCreate: keepNamesOfSecrets,
  prepareForUpdate: keepNamesOfSecrets,
  returnsDeletedObject: true,
  row: ({ metadata }, now) => [metadata.name ?? '', ageSince(metadata.creationTimestamp, now)],
});

/** References to secrets carry a name and nothing else. */
function keepNamesOfSecrets(account: Draft<ServiceAccount>): void {
  account.secrets?.forEach((reference, index, references) => {
    references[index] = reference.name === undefined ? {} : { name: reference.name };
  });
}
