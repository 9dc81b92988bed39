import type { Informer } from '../../client/informer.ts';
import { isReason } from '../../machinery/status-error.ts';
import { equal } from '../../resources/equal.ts';
import type { Secret, ServiceAccount } from '../../resources/schema/core-v1.generated.ts';
import { secrets, serviceAccounts } from '../../resources/schema/resource-types.generated.ts';
import { type Controller, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { keyOf, objectKey, ownKey, parseKey } from '../runtime/object-keys.ts';
import { metadataOnly, withoutManagedFields } from '../runtime/projections.ts';

interface TokenSubject {
  readonly namespace: string;
  readonly secretName: string;
  readonly account: { readonly name: string; readonly uid: string };
}

export interface SecretTokenOptions {
  /** PEM of what holders of the tokens verify the API server by. */
  readonly certificates: string;
  /** A token of the account that counts as long as the Secret holds it. */
  readonly sign: (subject: TokenSubject) => string;
}

const type = 'kubernetes.io/service-account-token';
const accountName = 'kubernetes.io/service-account.name';
const accountUid = 'kubernetes.io/service-account.uid';

/** Puts a token of the account that it names into each Secret made for one, and deletes those whose account is gone. */
export function secretTokenController(
  { client, informers }: ControllerContext,
  { certificates, sign }: SecretTokenOptions,
): Controller {
  const accounts = informers.informer(serviceAccounts, { projection: metadataOnly<ServiceAccount> });
  const wanted: Informer<Secret> = informers.informer(secrets, {
    fieldSelector: `type=${type}`,
    projection: withoutManagedFields<Secret>,
  });
  const secretsOf = ({ metadata: { namespace, name } }: ServiceAccount) =>
    [...wanted.list(namespace)].filter(({ metadata }) => metadata.annotations?.[accountName] === name);

  /** The cache may lack an account that was made a moment ago: the server is asked before a Secret goes. */
  const accountOf = async ({ metadata }: Secret, signal: AbortSignal): Promise<ServiceAccount | undefined> => {
    const { namespace, annotations = {} } = metadata;
    const name = annotations[accountName] ?? '';
    const isNamed = (account: ServiceAccount) =>
      (annotations[accountUid] ?? account.metadata.uid) === account.metadata.uid;
    const known = accounts.get(name, namespace);
    if (known !== undefined && isNamed(known)) return known;
    try {
      const account = await client.get(serviceAccounts, { namespace, name }, { signal });
      return isNamed(account) ? account : undefined;
    } catch (error) {
      if (isReason(error, 'NotFound')) return undefined;
      throw error;
    }
  };

  return {
    name: 'serviceaccount-token',
    watches: [watching(wanted, ownKey), watching(accounts, ({ object }) => secretsOf(object).map(keyOf))],
    async reconcile(key, signal) {
      const { name, namespace } = parseKey(key);
      const secret = wanted.get(name, namespace);
      if (secret === undefined || typeof secret.metadata.deletionTimestamp === 'string') return undefined;
      const account = await accountOf(secret, signal);
      const { uid } = secret.metadata;
      if (account === undefined) {
        await client.delete(secrets, objectKey(secret), { preconditions: { uid }, signal });
        return undefined;
      }
      const { name: of = '', uid: ofUid = '' } = account.metadata;
      const subject = { namespace: namespace ?? '', secretName: name, account: { name: of, uid: ofUid } };
      const data = {
        ...secret.data,
        'ca.crt': base64(certificates),
        namespace: base64(subject.namespace),
        token: secret.data?.['token'] || base64(sign(subject)),
      };
      const annotations = { ...secret.metadata.annotations, [accountUid]: ofUid };
      if (equal(data, secret.data) && equal(annotations, secret.metadata.annotations)) return undefined;
      await client.update(secrets, { ...secret, metadata: { ...secret.metadata, annotations }, data }, { signal });
      return undefined;
    },
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
