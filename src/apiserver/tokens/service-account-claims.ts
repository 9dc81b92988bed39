/** A name and the uid it had when the token was made. */
export interface ClaimedObject {
  readonly name: string;
  readonly uid: string;
}

/**
 * What a ServiceAccount token claims, as Kubernetes lays it out: registered claims of RFC 7519 beside one private claim,
 * `kubernetes.io`. Times are seconds since 1970.
 */
export interface ServiceAccountClaims {
  readonly aud: readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly iss: string;
  readonly jti: string;
  readonly nbf: number;
  readonly sub: string;
  readonly 'kubernetes.io': {
    readonly namespace: string;
    readonly serviceaccount: ClaimedObject;
    readonly pod?: ClaimedObject;
    /** The node of the pod, or the node that the token itself is bound to. */
    readonly node?: ClaimedObject;
    readonly secret?: ClaimedObject;
    /** From here on the token counts as stale, though it still works. */
    readonly warnafter?: number;
  };
}

/** Reads claims whose signature is good; undefined when they are not those of a ServiceAccount token. */
export function readServiceAccountClaims(claims: Readonly<Record<string, unknown>>): ServiceAccountClaims | undefined {
  const own = recordOf(claims['kubernetes.io']);
  const serviceAccount = objectOf(own['serviceaccount']);
  if (serviceAccount === undefined) return undefined;
  const pod = objectOf(own['pod']);
  const node = objectOf(own['node']);
  const secret = objectOf(own['secret']);
  return {
    aud: audiencesOf(claims['aud']),
    exp: numberOf(claims['exp']),
    iat: numberOf(claims['iat']),
    iss: textOf(claims['iss']),
    jti: textOf(claims['jti']),
    nbf: numberOf(claims['nbf']),
    sub: textOf(claims['sub']),
    'kubernetes.io': {
      namespace: textOf(own['namespace']),
      serviceaccount: serviceAccount,
      ...(pod !== undefined && { pod }),
      ...(node !== undefined && { node }),
      ...(secret !== undefined && { secret }),
      ...(typeof own['warnafter'] === 'number' && { warnafter: own['warnafter'] }),
    },
  };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function objectOf(value: unknown): ClaimedObject | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { name, uid } = recordOf(value);
  return { name: textOf(name), uid: textOf(uid) };
}

function audiencesOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
