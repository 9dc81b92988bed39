import type { ClaimedObject } from './service-account-claims.ts';

/** Who issues tokens that are kept in Secrets. */
export const secretTokenIssuer = 'kubernetes/serviceaccount';

/** What a token in a Secret stands for. It has no end: it counts as long as the Secret holds it. */
export interface SecretTokenClaims {
  readonly namespace: string;
  readonly secretName: string;
  readonly account: ClaimedObject;
}

const [namespaceClaim, secretClaim, accountClaim, accountUidClaim] = [
  'namespace',
  'secret.name',
  'service-account.name',
  'service-account.uid',
].map((name) => `kubernetes.io/serviceaccount/${name}`) as [string, string, string, string];

/** The claims as they are signed. */
export function writeSecretTokenClaims({ namespace, secretName, account }: SecretTokenClaims): object {
  return {
    [namespaceClaim]: namespace,
    [secretClaim]: secretName,
    [accountClaim]: account.name,
    [accountUidClaim]: account.uid,
    sub: `system:serviceaccount:${namespace}:${account.name}`,
  };
}

/** Reads claims whose signature is good; undefined when they are not those of a token in a Secret. */
export function readSecretTokenClaims(claims: Readonly<Record<string, unknown>>): SecretTokenClaims | undefined {
  const [namespace, secretName, name, uid] = [namespaceClaim, secretClaim, accountClaim, accountUidClaim].map(
    (claim) => (typeof claims[claim] === 'string' ? claims[claim] : ''),
  ) as [string, string, string, string];
  const complete = namespace !== '' && secretName !== '' && name !== '' && uid !== '';
  return complete ? { namespace, secretName, account: { name, uid } } : undefined;
}
