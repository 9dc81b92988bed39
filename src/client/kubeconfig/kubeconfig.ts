import { dump, load } from 'js-yaml';

/**
 * A kubeconfig as it stands in its file. What this project does not know (`extensions`, `preferences`) is kept, so that a user's
 * file survives being written back.
 */
export interface Kubeconfig {
  readonly apiVersion?: string | undefined;
  readonly kind?: string | undefined;
  readonly clusters?: readonly NamedCluster[] | undefined;
  readonly contexts?: readonly NamedContext[] | undefined;
  readonly 'current-context'?: string | undefined;
  readonly users?: readonly NamedUser[] | undefined;
  readonly [other: string]: unknown;
}

interface NamedCluster {
  readonly name: string;
  readonly cluster: KubeconfigCluster;
}

interface NamedContext {
  readonly name: string;
  readonly context: KubeconfigContext;
}

interface NamedUser {
  readonly name: string;
  readonly user: KubeconfigUser;
}

/** Fields ending in `-data` are base64 of the PEM text and win over the file of the same name. */
export interface KubeconfigCluster {
  readonly server?: string | undefined;
  readonly 'certificate-authority'?: string | undefined;
  readonly 'certificate-authority-data'?: string | undefined;
  readonly 'insecure-skip-tls-verify'?: boolean | undefined;
  readonly 'tls-server-name'?: string | undefined;
  readonly 'proxy-url'?: string | undefined;
}

interface KubeconfigContext {
  readonly cluster: string;
  readonly user: string;
  readonly namespace?: string | undefined;
}

export interface KubeconfigUser {
  readonly 'client-certificate'?: string | undefined;
  readonly 'client-certificate-data'?: string | undefined;
  readonly 'client-key'?: string | undefined;
  readonly 'client-key-data'?: string | undefined;
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly exec?: ExecPlugin | undefined;
}

/** A program that prints credentials (`client.authentication.k8s.io`), as managed clusters use. */
export interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args?: readonly string[] | undefined;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | undefined;
  readonly installHint?: string | undefined;
  readonly provideClusterInfo?: boolean | undefined;
  readonly interactiveMode?: string | undefined;
}

/** Reads a kubeconfig; `source` names it in errors. An empty text is an empty kubeconfig. */
export function parseKubeconfig(text: string, source: string): Kubeconfig {
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = load(text, { filename: source });
  } catch (error) {
    throw new Error(`error loading config file "${source}": ${(error as Error).message}`, { cause: error });
  }
  if (value === null || value === undefined) return {};
  const problem = shapeProblem(value);
  if (problem !== undefined) throw new Error(`error loading config file "${source}": ${problem}`);
  return value as Kubeconfig;
}

/** The YAML text, fields in the order in which kubectl writes them. */
export function formatKubeconfig(config: Kubeconfig): string {
  const { apiVersion, kind, ...rest } = config;
  const said: unknown = JSON.parse(JSON.stringify({ apiVersion: apiVersion ?? 'v1', kind: kind ?? 'Config', ...rest }));
  return dump(said, { sortKeys: true, lineWidth: -1 });
}

/** One kubeconfig of several, as KUBECONFIG lists them: of each name and of the current context the first wins. */
export function mergeKubeconfigs(configs: readonly Kubeconfig[]): Kubeconfig {
  const current = configs.map((each) => each['current-context']).find((name) => name !== undefined && name !== '');
  return {
    ...Object.assign({}, ...configs.toReversed()),
    clusters: firstOfEachName(configs.flatMap((each) => each.clusters ?? [])),
    contexts: firstOfEachName(configs.flatMap((each) => each.contexts ?? [])),
    users: firstOfEachName(configs.flatMap((each) => each.users ?? [])),
    ...(current === undefined ? {} : { 'current-context': current }),
  };
}

export interface KubeconfigEntry {
  /** Names the cluster, the context and, with `-admin` behind it, the user. */
  readonly name: string;
  readonly cluster: KubeconfigCluster;
  readonly user: KubeconfigUser;
  readonly namespace?: string | undefined;
}

/** A kubeconfig with this entry in it and as the current context; entries of the same name are replaced, others kept. */
export function withEntry(config: Kubeconfig, entry: KubeconfigEntry): Kubeconfig {
  const { name, cluster, user, namespace } = entry;
  const userName = `${name}-admin`;
  const context = { cluster: name, user: userName, ...(namespace === undefined ? {} : { namespace }) };
  return {
    ...config,
    clusters: firstOfEachName([{ name, cluster }, ...(config.clusters ?? [])]),
    contexts: firstOfEachName([{ name, context }, ...(config.contexts ?? [])]),
    users: firstOfEachName([{ name: userName, user }, ...(config.users ?? [])]),
    'current-context': name,
  };
}

/** A kubeconfig without what `withEntry` put under this name. */
export function withoutEntry(config: Kubeconfig, name: string): Kubeconfig {
  const { 'current-context': current, ...rest } = config;
  return {
    ...rest,
    clusters: (config.clusters ?? []).filter((each) => each.name !== name),
    contexts: (config.contexts ?? []).filter((each) => each.name !== name),
    users: (config.users ?? []).filter((each) => each.name !== `${name}-admin`),
    ...(current === undefined || current === name ? {} : { 'current-context': current }),
  };
}

function firstOfEachName<N extends { readonly name: string }>(entries: readonly N[]): readonly N[] {
  const byName = new Map<string, N>();
  for (const entry of entries) if (!byName.has(entry.name)) byName.set(entry.name, entry);
  return [...byName.values()];
}

const lists = { clusters: 'cluster', contexts: 'context', users: 'user' } as const;

/** What is wrong with the shape of a parsed kubeconfig; undefined where nothing is. */
function shapeProblem(value: unknown): string | undefined {
  if (!isRecord(value)) return 'it is not a mapping';
  const { kind } = value;
  if (kind !== undefined && kind !== 'Config') return `kind is ${JSON.stringify(kind)}, not "Config"`;
  for (const [list, member] of Object.entries(lists)) {
    const entries = value[list] ?? [];
    if (!Array.isArray(entries)) return `${list} is not a list`;
    for (const [index, entry] of entries.entries()) {
      const problem = entryProblem(entry, member);
      if (problem !== undefined) return `${list}[${index}]${problem}`;
    }
  }
  const current = value['current-context'];
  return current === undefined || typeof current === 'string' ? undefined : 'current-context is not a string';
}

const booleans = new Set(['insecure-skip-tls-verify', 'disable-compression']);
const structures = new Set(['exec', 'extensions', 'auth-provider', 'as-groups', 'as-user-extra']);

function entryProblem(entry: unknown, member: string): string | undefined {
  if (!isRecord(entry)) return ' is not a mapping';
  if (typeof entry['name'] !== 'string') return '.name is not a string';
  const inner = entry[member];
  if (!isRecord(inner)) return `.${member} is not a mapping`;
  for (const [field, value] of Object.entries(inner)) {
    if (structures.has(field) || value === null) continue;
    const type = booleans.has(field) ? 'boolean' : 'string';
    if (typeof value !== type) return `.${member}.${field} is not a ${type}`;
  }
  return undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
