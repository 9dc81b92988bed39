import type { Client } from '../../client/client.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { isReason } from '../../machinery/status-error.ts';
import { formatTime } from '../../machinery/time.ts';
import {
  bootstrapSecretName,
  bootstrapTokenNamespace,
  bootstrapTokenType,
  nodeBootstrappersGroup,
  parseBootstrapToken,
  tokenEntry,
  tokenRemainingMs,
} from '../../resources/bootstrap/bootstrap-token.ts';
import type { Secret } from '../../resources/schema/core-v1.generated.ts';
import { secrets } from '../../resources/schema/resource-types.generated.ts';

/** A token as a user sees it. */
export interface JoinToken {
  /** `id.secret`. */
  readonly token: string;
  /** RFC 3339; undefined: it never ends. */
  readonly expires: string | undefined;
  /** Milliseconds; undefined: it never ends. */
  readonly remainingMs: number | undefined;
  readonly usages: readonly string[];
  readonly description: string;
  readonly groups: readonly string[];
}

export interface TokenOptions {
  /** 0: it never ends. */
  readonly ttlMs: number;
  readonly description?: string | undefined;
}

const usages = ['authentication', 'signing'] as const;
const attempts = 5;

/** A new token by which machines can join, as kubeadm makes them. */
export async function createToken(client: Client, environment: Environment, options: TokenOptions): Promise<JoinToken> {
  const { ttlMs, description = '' } = options;
  const expires = ttlMs === 0 ? undefined : formatTime(environment.now() + ttlMs);
  for (let attempt = 1; ; attempt++) {
    const id = randomText(environment, 6);
    const secret: Secret = {
      metadata: { namespace: bootstrapTokenNamespace, name: bootstrapSecretName(id) },
      type: bootstrapTokenType,
      stringData: {
        'token-id': id,
        'token-secret': randomText(environment, 16),
        ...(expires !== undefined && { expiration: expires }),
        ...(description !== '' && { description }),
        ...Object.fromEntries(usages.map((usage) => [`usage-bootstrap-${usage}`, 'true'])),
        'auth-extra-groups': nodeBootstrappersGroup,
      },
    };
    try {
      return tokenOf(await client.create(secrets, secret), environment.now());
    } catch (error) {
      if (!isReason(error, 'AlreadyExists') || attempt === attempts) throw error;
    }
  }
}

/** All tokens, those that end first at the top. */
export async function listTokens(client: Client, environment: Environment): Promise<readonly JoinToken[]> {
  const { items } = await client.list(secrets, {
    namespace: bootstrapTokenNamespace,
    fieldSelector: `type=${bootstrapTokenType}`,
  });
  const left = ({ remainingMs }: JoinToken) => remainingMs ?? Number.POSITIVE_INFINITY;
  return items
    .map((secret) => tokenOf(secret, environment.now()))
    .sort((one, other) => left(one) - left(other) || (one.token < other.token ? -1 : 1));
}

/** Deletes a token by its id, or the whole of it. Answers the id; throws when there is none. */
export async function deleteToken(client: Client, token: string): Promise<string> {
  const id = parseBootstrapToken(token)?.id ?? token;
  if (!/^[a-z0-9]{6}$/.test(id))
    throw new Error(`"${token}" is neither a token nor the id of one: an id has six small letters or digits`);
  try {
    await client.delete(secrets, { namespace: bootstrapTokenNamespace, name: bootstrapSecretName(id) });
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error;
    throw new Error(`there is no token ${id}: see "stuurman token list"`, { cause: error });
  }
  return id;
}

function tokenOf(secret: Secret, now: number): JoinToken {
  const groups = tokenEntry(secret, 'auth-extra-groups');
  return {
    token: `${tokenEntry(secret, 'token-id')}.${tokenEntry(secret, 'token-secret')}`,
    expires: tokenEntry(secret, 'expiration') || undefined,
    remainingMs: tokenRemainingMs(secret, now),
    usages: usages.filter((usage) => tokenEntry(secret, `usage-bootstrap-${usage}`) === 'true'),
    description: tokenEntry(secret, 'description'),
    groups: groups === '' ? [] : groups.split(','),
  };
}

const letters = '0123456789abcdefghijklmnopqrstuvwxyz';

function randomText(environment: Environment, length: number): string {
  let text = '';
  while (text.length < length) {
    // Bytes from the largest multiple of 36 on would make the first letters likelier.
    for (const byte of environment.randomBytes(length)) if (byte < 252) text += letters[byte % 36];
  }
  return text.slice(0, length);
}
