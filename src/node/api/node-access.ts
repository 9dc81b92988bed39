import { createHash } from 'node:crypto';
import type { Writer } from '../../client/client.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import { subjectAccessReviews, tokenReviews } from '../../resources/schema/resource-types.generated.ts';
import type { HttpRequest, HttpResponse } from '../../wire/http.ts';
import type { ClientCertificate } from '../../wire/http-handler.ts';
import { requestAttributes } from './request-attributes.ts';
import { textResponse } from './responses.ts';

export interface NodeAccessOptions {
  /** As the node itself, which may ask the API server about tokens and rights. */
  readonly client: Pick<Writer, 'create'>;
  readonly environment: Pick<Environment, 'monotonic'>;
  readonly logger: Logger;
  readonly nodeName: string;
  /** What every node of the cluster may read, also while the API does not answer; nothing else is theirs. */
  readonly pathForNodes?: string | undefined;
}

interface User {
  readonly username: string;
  readonly groups: readonly string[];
}

interface Known<T> {
  readonly answer: T;
  readonly until: number;
}

/** For how long answers of the API server hold: the kubelet's times. */
export const answersHoldMs = { token: 120_000, allowed: 300_000, refused: 30_000 };
/** So many are remembered. */
const mostKnown = 1024;
/** The API server itself, and administrators: allowed everything, also while the API does not answer. */
const masters = 'system:masters';
const nodesGroup = 'system:nodes';

/** Who may use a node's own API: those whom the API server knows, by certificate or token, and gives the right to. */
export class NodeAccess {
  readonly #options: NodeAccessOptions;
  readonly #users = new Map<string, Known<User | undefined>>();
  readonly #rights = new Map<string, Known<boolean>>();

  constructor(options: NodeAccessOptions) {
    this.#options = options;
  }

  /** The answer to somebody who may not; undefined: go ahead. */
  async refusal(request: HttpRequest, certificate: ClientCertificate | undefined): Promise<HttpResponse | undefined> {
    const { logger } = this.#options;
    const user = await this.#user(request, certificate).catch((error: unknown) => {
      logger.warn('the API server was not asked whose token it is', { err: error });
      return undefined;
    });
    if (user === undefined) return textResponse(401, 'Unauthorized');
    if (user.groups.includes(masters)) return undefined;
    const isForNodes = request.method === 'GET' && request.path === this.#options.pathForNodes;
    if (isForNodes && user.groups.includes(nodesGroup)) return undefined;
    const { verb, subresources } = requestAttributes(request.method, request.path);
    for (const subresource of subresources) {
      try {
        if (await this.#allowed(user, verb, subresource)) return undefined;
      } catch (error) {
        logger.warn('the API server was not asked for a right', { user: user.username, err: error });
        const what = `user=${user.username}, verb=${verb}, resource=nodes, subresource=${subresource}`;
        return textResponse(500, `Authorization error (${what})`);
      }
    }
    const who = `user=${user.username}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}]`;
    return textResponse(403, `Forbidden (${who})\n`);
  }

  async #user({ headers }: HttpRequest, certificate: ClientCertificate | undefined): Promise<User | undefined> {
    if (certificate !== undefined) {
      const groups = [...certificate.organizations, 'system:authenticated'];
      return { username: certificate.commonName, groups };
    }
    const [, token] = /^Bearer +(\S+)$/i.exec(headers['authorization'] ?? '') ?? [];
    if (token === undefined) return undefined;
    // Tokens themselves are not kept.
    return this.#known(this.#users, createHash('sha256').update(token).digest('hex'), async () => {
      const review = await this.#options.client.create(tokenReviews, { metadata: {}, spec: { token } });
      const { authenticated = false, user } = review.status ?? {};
      const answer = authenticated ? { username: user?.username ?? '', groups: user?.groups ?? [] } : undefined;
      return { answer, forMs: answersHoldMs.token };
    });
  }

  #allowed({ username, groups }: User, verb: string, subresource: string): Promise<boolean> {
    const { client, nodeName } = this.#options;
    const resourceAttributes = { verb, version: 'v1', resource: 'nodes', subresource, name: nodeName };
    return this.#known(this.#rights, JSON.stringify([username, groups, verb, subresource]), async () => {
      const spec = { user: username, groups, resourceAttributes };
      const answer = (await client.create(subjectAccessReviews, { metadata: {}, spec })).status?.allowed === true;
      return { answer, forMs: answer ? answersHoldMs.allowed : answersHoldMs.refused };
    });
  }

  async #known<T>(
    all: Map<string, Known<T>>,
    key: string,
    ask: () => Promise<{ readonly answer: T; readonly forMs: number }>,
  ): Promise<T> {
    const now = this.#options.environment.monotonic();
    const known = all.get(key);
    if (known !== undefined && known.until > now) return known.answer;
    const { answer, forMs } = await ask();
    all.delete(key);
    all.set(key, { answer, until: now + forMs });
    const [oldest] = all.keys();
    if (all.size > mostKnown && oldest !== undefined) all.delete(oldest);
    return answer;
  }
}
