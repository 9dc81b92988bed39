import type { Secret } from '../schema/core-v1.generated.ts';

/** A bootstrap token: `id.secret`. The id is no secret, and names the Secret that keeps the token. */
export interface BootstrapToken {
  readonly id: string;
  readonly secret: string;
}

export const bootstrapTokenType = 'bootstrap.kubernetes.io/token';
export const bootstrapTokenNamespace = 'kube-system';
const bootstrappersGroup = 'system:bootstrappers';
/** Which tokens of a cluster may make a machine a node: the group that kubeadm uses. */
export const nodeBootstrappersGroup = 'system:bootstrappers:kubeadm:default-node-token';

const secretPrefix = 'bootstrap-token-';
const tokenPattern = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const groupPattern = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

/** Undefined when the text has not the form of a token. */
export function parseBootstrapToken(text: string): BootstrapToken | undefined {
  const [, id, secret] = tokenPattern.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

export function bootstrapSecretName(id: string): string {
  return `${secretPrefix}${id}`;
}

/** The token id that a Secret's name tells; undefined for other names. */
export function tokenIdOfSecretName(name: string): string | undefined {
  return /^bootstrap-token-([a-z0-9]{6})$/.exec(name)?.[1];
}

/** What one entry of the Secret says; empty when it is not there. */
export function tokenEntry(secret: Secret, key: string): string {
  const data = secret.data?.[key];
  return data === undefined ? '' : new TextDecoder().decode(Uint8Array.fromBase64(data));
}

/** Milliseconds until a token ends: undefined when it never does, 0 when it has, or when its end cannot be read. */
export function tokenRemainingMs(secret: Secret, now: number): number | undefined {
  const expiration = tokenEntry(secret, 'expiration');
  if (expiration === '') return undefined;
  // RFC 3339, with its `T` and its zone, and nothing else that a date may look like.
  const end = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(expiration)
    ? Date.parse(expiration)
    : Number.NaN;
  return Number.isNaN(end) ? 0 : Math.max(0, end - now);
}

/** The groups of whoever shows the token, sorted; undefined when one that the Secret names is not allowed. */
export function tokenGroups(secret: Secret): readonly string[] | undefined {
  const extra = tokenEntry(secret, 'auth-extra-groups');
  const groups = extra === '' ? [] : extra.split(',');
  if (!groups.every((group) => groupPattern.test(group))) return undefined;
  return [...new Set([bootstrappersGroup, ...groups])].sort();
}
