import { createHash } from 'node:crypto';
import type { Environment } from '../../machinery/environment/environment.ts';
import { notFound } from '../../machinery/status-errors.ts';
import { serviceAccounts } from '../../resources/schema/resource-types.generated.ts';
import type { UserInfo } from '../request.ts';
import { parseJwt, verifyJwt } from '../tokens/jwt.ts';
import {
  type ClaimedObject,
  readServiceAccountClaims,
  type ServiceAccountClaims,
} from '../tokens/service-account-claims.ts';
import type { TokenIssuer } from '../tokens/token-issuer.ts';
import type { BoundObject, BoundObjects } from './bound-objects.ts';
import { RecentMap } from './recent-map.ts';
import {
  type AuthenticatedToken,
  sharedAudiences,
  type TokenAuthenticator,
  TokenError,
} from './token-authenticator.ts';
import { serviceAccountGroups, serviceAccountUsername } from './users.ts';

/** How far clocks may differ, and how long an object that is gone still counts. */
const leewayMs = 60_000;

/** A token whose signature was found good. */
interface VerifiedToken {
  readonly claims: ServiceAccountClaims;
  readonly user: UserInfo;
}

/**
 * Tokens of service accounts. A signature is verified once and remembered by the token's hash; time, audience and the objects that
 * the token is bound to are looked at every time, so that a token dies with its pod.
 */
export class ServiceAccountTokens implements TokenAuthenticator {
  readonly name = 'serviceAccount';
  readonly #issuer: TokenIssuer;
  readonly #objects: BoundObjects;
  readonly #environment: Environment;
  readonly #verified = new RecentMap<string, VerifiedToken>(10_000);

  constructor(issuer: TokenIssuer, objects: BoundObjects, environment: Environment) {
    this.#issuer = issuer;
    this.#objects = objects;
    this.#environment = environment;
  }

  async authenticateToken(token: string, audiences: readonly string[]): Promise<AuthenticatedToken | undefined> {
    const verified = this.#verify(token);
    if (verified === undefined) return undefined;
    const { claims, user } = verified;
    const speaksTo = claims.aud.length === 0 ? this.#issuer.apiAudiences : claims.aud;
    const shared = sharedAudiences(speaksTo, audiences);
    this.#checkTime(claims);
    await this.#checkObjects(claims);
    return { user, audiences: shared };
  }

  #verify(token: string): VerifiedToken | undefined {
    const hash = createHash('sha256').update(token).digest('base64');
    const known = this.#verified.get(hash);
    if (known !== undefined) return known;
    const parsed = parseJwt(token);
    if (parsed === undefined || !this.#issuer.issuers.has(String(parsed.claims['iss']))) return undefined;
    const keys = this.#issuer.keysNamed(parsed.keyId);
    if (keys.length === 0) throw new TokenError('invalid signature, no keys found');
    if (!keys.some((key) => verifyJwt(parsed, key))) throw new TokenError('the signature is not valid');
    const claims = readServiceAccountClaims(parsed.claims);
    if (claims === undefined) throw new TokenError('the token names no service account');
    const verified = { claims, user: userOf(claims) };
    this.#verified.set(hash, verified);
    return verified;
  }

  #checkTime({ exp, nbf, iat }: ServiceAccountClaims): void {
    const now = this.#environment.now();
    if (nbf !== 0 && now + leewayMs < nbf * 1000) throw new TokenError('service account token is not valid yet');
    if (exp !== 0 && now - leewayMs > exp * 1000) throw new TokenError('service account token has expired');
    if (iat !== 0 && now + leewayMs < iat * 1000) throw new TokenError('service account token is issued in the future');
  }

  async #checkObjects({ 'kubernetes.io': claims }: ServiceAccountClaims): Promise<void> {
    const { namespace, serviceaccount, secret, pod, node } = claims;
    const account = await this.#objects.serviceAccount(namespace, serviceaccount.name, serviceaccount.uid);
    if (account === undefined) throw new TokenError(notFound(serviceAccounts, serviceaccount.name).message);
    if (account.uid !== serviceaccount.uid) {
      throw new TokenError(`service account UID (${account.uid}) does not match claim (${serviceaccount.uid})`);
    }
    if (this.#isGone(account)) {
      throw new TokenError(`service account ${namespace}/${serviceaccount.name} has been deleted`);
    }
    if (secret !== undefined)
      this.#check('secret', secret, await this.#objects.secret(namespace, secret.name, secret.uid));
    if (pod !== undefined) this.#check('pod', pod, await this.#objects.pod(namespace, pod.name, pod.uid));
    else if (node !== undefined) this.#check('node', node, await this.#objects.node(node.name, node.uid));
  }

  #check(kind: 'secret' | 'pod' | 'node', claimed: ClaimedObject, found: BoundObject | undefined): void {
    if (found === undefined || (found.uid === claimed.uid && this.#isGone(found))) {
      throw new TokenError('service account token has been invalidated');
    }
    if (found.uid === claimed.uid) return;
    throw new TokenError(
      `${kind} UID (${found.uid}) does not match service account ${kind} ref claim (${claimed.uid})`,
    );
  }

  #isGone({ deletionMs }: BoundObject): boolean {
    return deletionMs !== undefined && deletionMs < this.#environment.now() - leewayMs;
  }
}

function userOf({ jti, 'kubernetes.io': claims }: ServiceAccountClaims): UserInfo {
  const { namespace, serviceaccount, pod, node } = claims;
  const extra: Record<string, readonly string[]> = {};
  if (jti !== '') extra['authentication.kubernetes.io/credential-id'] = [`JTI=${jti}`];
  if (node !== undefined) {
    extra['authentication.kubernetes.io/node-name'] = [node.name];
    if (node.uid !== '') extra['authentication.kubernetes.io/node-uid'] = [node.uid];
  }
  if (pod !== undefined) {
    extra['authentication.kubernetes.io/pod-name'] = [pod.name];
    extra['authentication.kubernetes.io/pod-uid'] = [pod.uid];
  }
  return {
    username: serviceAccountUsername(namespace, serviceaccount.name),
    uid: serviceaccount.uid,
    groups: serviceAccountGroups(namespace),
    extra,
  };
}
