import type { Reader } from '../../client/client.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { FieldError } from '../../machinery/field-error.ts';
import { invalid } from '../../machinery/field-errors.ts';
import { quote } from '../../machinery/go-text.ts';
import type { Draft, KubeObject } from '../../machinery/object.ts';
import { parseApiVersion } from '../../machinery/resource-type.ts';
import { isReason } from '../../machinery/status-error.ts';
import { badRequest, conflict, invalidObject } from '../../machinery/status-errors.ts';
import { formatTime } from '../../machinery/time.ts';
import type {
  BoundObjectReference,
  TokenRequest,
  TokenRequestSpec,
} from '../../resources/schema/authentication-v1.generated.ts';
import { nodes, pods, secrets, serviceAccounts } from '../../resources/schema/resource-types.generated.ts';
import { serviceAccountUsername } from '../authn/users.ts';
import type { ResourceContext, SubresourceHandler } from '../registry/extension-points.ts';
import type { ClaimedObject, ServiceAccountClaims } from './service-account-claims.ts';
import type { TokenIssuer } from './token-issuer.ts';

export interface TokenRequestOptions {
  readonly issuer: TokenIssuer;
  /** Reads service accounts and the objects tokens are bound to, with the server's own rights. */
  readonly reader: Reader;
  readonly environment: Environment;
}

const kind = { group: 'authentication.k8s.io', kind: 'TokenRequest' };
const group = { group: 'authentication.k8s.io', resource: 'TokenRequest' };
const defaultExpirationSeconds = 3600;
const minExpirationSeconds = 600;

/**
 * Pods have long asked for tokens of 3607 seconds, with clients that never read the file again: a token bound to a pod and asked for
 * that long works for a year, and counts as stale after the time that was asked for (KEP-1205).
 */
const extendedFromSeconds = 3607;
const extendedToSeconds = 365 * 24 * 3600;

type BoundClaims = Pick<ServiceAccountClaims['kubernetes.io'], 'pod' | 'node' | 'secret'>;

/** `serviceaccounts/token`: a token of a service account, for some time, audiences and perhaps for as long as an object lives. */
export class TokenRequests implements SubresourceHandler {
  readonly resource = serviceAccounts;
  readonly subresource = 'token';
  readonly bodyType = { ...kind, version: 'v1', schemaName: 'authentication.v1.TokenRequest' };
  readonly #options: TokenRequestOptions;

  constructor(options: TokenRequestOptions) {
    this.#options = options;
  }

  setDefaults(body: Draft<KubeObject>): void {
    const request = body as Draft<TokenRequest>;
    request.spec ??= {};
    request.spec.expirationSeconds ??= defaultExpirationSeconds;
  }

  async create({ info, signal }: ResourceContext, body: KubeObject): Promise<TokenRequest> {
    const { issuer, reader, environment } = this.#options;
    const request = body as TokenRequest;
    const { namespace, name } = info;
    checkMetadata(request, namespace, name);
    const account = await reader.get(serviceAccounts, { namespace, name }, { signal });
    const uid = account.metadata.uid ?? '';
    if (request.metadata.uid && request.metadata.uid !== uid) {
      const why = `the UID in the token request (${request.metadata.uid}) does not match the UID of the service account (${uid})`;
      throw conflict(group, name, why);
    }
    const { boundObjectRef } = request.spec ?? {};
    // Go clients write null for what they leave out.
    const asked = request.spec?.audiences ?? [];
    const expirationSeconds = request.spec?.expirationSeconds ?? defaultExpirationSeconds;
    const spec = { audiences: asked.length === 0 ? issuer.apiAudiences : asked, expirationSeconds };
    const errors = specErrors({ ...request.spec, ...spec });
    if (errors.length > 0) throw invalidObject(kind, '', errors);
    const bound = boundObjectRef == null ? {} : await this.#bind(namespace, name, boundObjectRef, signal);
    const nowSeconds = Math.floor(environment.now() / 1000);
    const token = issuer.sign(this.#claims(namespace, { name, uid }, bound, spec, nowSeconds));
    return {
      kind: kind.kind,
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { ...request.metadata, name, namespace, uid, creationTimestamp: formatTime(nowSeconds * 1000) },
      spec: { ...request.spec, ...spec, ...(boundObjectRef !== undefined && { boundObjectRef }) },
      status: { token, expirationTimestamp: formatTime((nowSeconds + expirationSeconds) * 1000) },
    };
  }

  #claims(
    namespace: string,
    serviceaccount: ClaimedObject,
    bound: BoundClaims,
    { audiences, expirationSeconds }: { readonly audiences: readonly string[]; readonly expirationSeconds: number },
    now: number,
  ): Omit<ServiceAccountClaims, 'iss'> {
    const forApi = audiences.every((each) => this.#options.issuer.apiAudiences.includes(each));
    const extended = bound.pod !== undefined && forApi && expirationSeconds === extendedFromSeconds;
    return {
      aud: audiences,
      exp: now + (extended ? extendedToSeconds : expirationSeconds),
      iat: now,
      jti: this.#options.environment.id(),
      'kubernetes.io': {
        namespace,
        ...bound,
        serviceaccount,
        ...(extended && { warnafter: now + expirationSeconds }),
      },
      nbf: now,
      sub: serviceAccountUsername(namespace, serviceaccount.name),
    };
  }

  async #bind(
    namespace: string,
    account: string,
    reference: BoundObjectReference,
    signal: AbortSignal,
  ): Promise<BoundClaims> {
    const { apiVersion = '', kind: boundKind = '', name = '' } = reference;
    const { group: boundGroup, version } = parseApiVersion(apiVersion);
    if (boundGroup !== '' || !['Pod', 'Secret', 'Node'].includes(boundKind)) {
      throw badRequest(`cannot bind token to object of type ${boundGroup}/${version}, Kind=${boundKind}`);
    }
    if (name === '') throw badRequest('Name parameter required.');
    const { reader } = this.#options;
    const bindTo = (object: KubeObject): ClaimedObject => {
      const uid = object.metadata.uid ?? '';
      if (!reference.uid || reference.uid === uid) return { name, uid };
      const why = `the UID in the bound object reference (${reference.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
      throw conflict({ group: '', resource: boundKind }, name, why);
    };
    if (boundKind === 'Secret') return { secret: bindTo(await reader.get(secrets, { namespace, name }, { signal })) };
    if (boundKind === 'Node') return { node: bindTo(await reader.get(nodes, { name }, { signal })) };
    const pod = await reader.get(pods, { namespace, name }, { signal });
    if ((pod.spec?.serviceAccountName ?? '') !== account) {
      throw badRequest(
        `cannot bind token for serviceaccount ${quote(account)} to pod running with different serviceaccount name.`,
      );
    }
    const nodeName = pod.spec?.nodeName ?? '';
    const claimed = bindTo(pod);
    return nodeName === '' ? { pod: claimed } : { node: await this.#nodeOf(nodeName, signal), pod: claimed };
  }

  /** A pod may run on a node that has no object yet, or no more: its name is told all the same. */
  async #nodeOf(name: string, signal: AbortSignal): Promise<ClaimedObject> {
    try {
      const node = await this.#options.reader.get(nodes, { name }, { signal });
      return { name, uid: node.metadata.uid ?? '' };
    } catch (error) {
      if (isReason(error, 'NotFound')) return { name, uid: '' };
      throw error;
    }
  }
}

function checkMetadata({ metadata }: TokenRequest, namespace: string, name: string): void {
  if (metadata.namespace && metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (metadata.name && metadata.name !== name) {
    const error = invalid('metadata.name', metadata.name, 'must match the service account name if specified');
    throw invalidObject(kind, name, [error]);
  }
}

function specErrors({ expirationSeconds = 0, attestations }: TokenRequestSpec): readonly FieldError[] {
  const errors: FieldError[] = [];
  const field = 'spec.expirationSeconds';
  if (expirationSeconds < minExpirationSeconds) {
    errors.push(invalid(field, expirationSeconds, 'may not specify a duration less than 10 minutes'));
  }
  if (expirationSeconds > 2 ** 32) {
    errors.push(invalid(field, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'));
  }
  if (Object.keys(attestations ?? {}).length > 0) {
    const why = 'attestations may only be specified with a webhook bound object reference';
    errors.push(invalid('spec.attestations', attestations, why));
  }
  return errors;
}
