import type { Reader, Writer } from '../../client/client.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { Rounds } from '../../machinery/environment/rounds.ts';
import type { Logger } from '../../machinery/log.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { equal } from '../../resources/equal.ts';
import { configMaps } from '../../resources/schema/resource-types.generated.ts';
import { type Certificate, parseCertificate } from '../../wire/pki/certificate.ts';
import { parsePem } from '../../wire/pki/pem.ts';
import { isLostRace } from './lost-race.ts';

export interface ExtensionTrust {
  /** PEM of the authority that the clients of this cluster prove themselves by. */
  readonly clientAuthorityPem: string;
  /** PEM of the authority by which a front proxy proves itself, which says for whom it asks; absent: there is none. */
  readonly frontProxyAuthorityPem?: string | undefined;
}

export interface ExtensionAuthenticationOptions extends ExtensionTrust {
  readonly client: Reader & Writer;
  readonly environment: Environment;
  readonly logger: Logger;
}

type Data = Readonly<Record<string, string>>;

const key = { namespace: 'kube-system', name: 'extension-apiserver-authentication' } as const;
const intervalMs = 10_000;
const options = { fieldManager: 'kube-apiserver' } as const;
/** A ConfigMap that was right is read again after this: reading certificates costs more than all the rest of a round. */
const rightForMs = 60 * 60_000;
/** A certificate that has ended so long ago is forgotten, for clocks differ. */
const slackMs = 5 * 60_000;

/** What a front proxy is known by, and in which headers it says for whom it asks. */
const frontProxy = {
  'requestheader-allowed-names': ['front-proxy-client'],
  'requestheader-extra-headers-prefix': ['X-Remote-Extra-'],
  'requestheader-group-headers': ['X-Remote-Group'],
  'requestheader-username-headers': ['X-Remote-User'],
};
const frontProxyUid = 'requestheader-uid-headers';

/**
 * Keeps the ConfigMap by which extension servers know whom to believe: at the start, and every ten seconds, for somebody may delete it. What
 * other servers have entered stays, for the servers of a cluster need not have the same authorities.
 */
export class ExtensionAuthentication {
  readonly #options: ExtensionAuthenticationOptions;
  readonly #rounds: Rounds;
  /** The version of the ConfigMap that was seen to be right, and when. */
  #right: { readonly resourceVersion: string | undefined; readonly atMs: number } | undefined;

  constructor(extensionAuthenticationOptions: ExtensionAuthenticationOptions) {
    this.#options = extensionAuthenticationOptions;
    const { environment } = extensionAuthenticationOptions;
    const round = () => this.reconcile();
    this.#rounds = new Rounds({ environment, intervalMs, round, failed: (error) => this.#tell(error) });
  }

  /** Resolves when the ConfigMap is as it should be, or could not be made so. */
  async start(): Promise<void> {
    try {
      await this.reconcile();
    } catch (error) {
      this.#tell(error);
    }
    this.#rounds.start();
  }

  stop(): void {
    this.#rounds.stop();
  }

  async reconcile(): Promise<void> {
    const { client, environment } = this.#options;
    const { items } = await client.list(configMaps, {
      namespace: key.namespace,
      fieldSelector: `metadata.name=${key.name}`,
    });
    const [existing] = items;
    const now = environment.now();
    if (existing !== undefined && this.#isKnown(existing, now)) return;
    const data = trustData(existing?.data ?? {}, this.#options, now);
    if (existing !== undefined && equal(existing.data, data)) {
      this.#right = { resourceVersion: existing.metadata.resourceVersion, atMs: now };
      return;
    }
    try {
      if (existing === undefined) await client.create(configMaps, { metadata: key, data }, options);
      else await client.update(configMaps, { ...existing, data }, options);
    } catch (error) {
      if (!isLostRace(error)) throw error;
    }
  }

  #isKnown({ metadata }: KubeObject, now: number): boolean {
    const right = this.#right;
    return right !== undefined && right.resourceVersion === metadata.resourceVersion && now - right.atMs < rightForMs;
  }

  #tell(error: unknown): void {
    this.#options.logger.warn('could not tell extension servers whom to believe', { err: error });
  }
}

/** What the ConfigMap has to say: what it says already, without what has ended, and what this server adds. */
export function trustData(existing: Data, trust: ExtensionTrust, now: number): Data {
  const clients = mergeAuthorities(existing['client-ca-file'], trust.clientAuthorityPem, now);
  const proxies = mergeAuthorities(existing['requestheader-client-ca-file'], trust.frontProxyAuthorityPem, now);
  if (proxies === '') return { ...(clients !== '' && { 'client-ca-file': clients }) };
  const own = trust.frontProxyAuthorityPem !== undefined;
  const lists = Object.entries({ ...frontProxy, [frontProxyUid]: [] }).map(
    ([name, values]) => [name, [...new Set([...listOf(existing[name]), ...(own ? values : [])])]] as const,
  );
  return {
    ...(clients !== '' && { 'client-ca-file': clients }),
    'requestheader-client-ca-file': proxies,
    ...Object.fromEntries(
      lists
        .filter(([name, values]) => name !== frontProxyUid || values.length > 0)
        .map(([name, values]) => [name, JSON.stringify(values)]),
    ),
  };
}

/** What is no list is as good as nothing: this server's own words take its place. */
function listOf(text: string | undefined): readonly string[] {
  try {
    const values: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(values) ? values.filter((value) => typeof value === 'string') : [];
  } catch {
    return [];
  }
}

function mergeAuthorities(existing: string | undefined, own: string | undefined, now: number): string {
  const all = [...certificatesIn(existing), ...certificatesIn(own)].filter(
    ({ notAfterMs }) => notAfterMs > now - slackMs,
  );
  return [...new Set(all.map(({ pem }) => pem))].join('');
}

/** None where one of them cannot be read. */
function certificatesIn(text = ''): readonly Certificate[] {
  try {
    return parsePem(text, 'CERTIFICATE').map(parseCertificate);
  } catch {
    return [];
  }
}
