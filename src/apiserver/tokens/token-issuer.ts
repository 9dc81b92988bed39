import { createPublicKey, type KeyObject } from 'node:crypto';
import { signJwt, type VerificationKey, verificationKey } from './jwt.ts';

export interface TokenIssuerOptions {
  /** The `iss` of new tokens: an https URL, as OpenID Connect wants it. */
  readonly issuer: string;
  readonly signingKey: KeyObject;
  /** Public keys that signed earlier and still count; that of `signingKey` always does. */
  readonly earlierKeys?: readonly KeyObject[];
  /** Issuers of earlier tokens that still count. */
  readonly acceptedIssuers?: readonly string[];
  /** Who the API server is, when a token names no audience; the issuer unless given. */
  readonly apiAudiences?: readonly string[];
}

/** The identity of this cluster as an issuer of ServiceAccount tokens. */
export class TokenIssuer {
  readonly issuer: string;
  readonly issuers: ReadonlySet<string>;
  readonly apiAudiences: readonly string[];
  readonly verificationKeys: readonly VerificationKey[];
  readonly #signingKey: KeyObject;
  readonly #signingKeyId: string;

  constructor(options: TokenIssuerOptions) {
    this.issuer = options.issuer;
    this.issuers = new Set([options.issuer, ...(options.acceptedIssuers ?? [])]);
    this.apiAudiences = options.apiAudiences ?? [options.issuer];
    const own = verificationKey(createPublicKey(options.signingKey));
    this.verificationKeys = [own, ...(options.earlierKeys ?? []).map(verificationKey)];
    this.#signingKey = options.signingKey;
    this.#signingKeyId = own.id;
  }

  sign(claims: object, issuer = this.issuer): string {
    return signJwt(this.#signingKey, this.#signingKeyId, { ...claims, iss: issuer });
  }

  /** Those that may have signed a token which names this key; all, for a token that names none. */
  keysNamed(id: string): readonly VerificationKey[] {
    return id === '' ? this.verificationKeys : this.verificationKeys.filter((key) => key.id === id);
  }
}
