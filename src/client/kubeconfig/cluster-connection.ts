import { readFileSync } from 'node:fs';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { ClientTls } from '../../wire/http-client/client-tls.ts';
import { ExecCredentials } from './exec-credentials.ts';
import type { Kubeconfig, KubeconfigCluster, KubeconfigUser } from './kubeconfig.ts';
import { rereading } from './rereading.ts';
import { whileUnchanged } from './while-unchanged.ts';

/** All that is needed to reach a cluster as somebody. */
export interface ClusterConnection {
  readonly server: string;
  /** The context's; undefined where it names none. */
  readonly namespace: string | undefined;
  /** Another object when the certificates have changed. */
  readonly tls: () => ClientTls;
  readonly token: (() => string | undefined | Promise<string | undefined>) | undefined;
  /** Called when the server did not accept the credentials; true when others may be had by asking again. */
  readonly refused: () => boolean;
}

/** Fields that would change who is acting or how, and that are not followed: better an error than the wrong user. */
const unsupported = [
  'proxy-url',
  'as',
  'as-uid',
  'as-groups',
  'as-user-extra',
  'auth-provider',
  'username',
  'password',
];

/** The connection that a context stands for; the current one unless named. Throws an error that says what is missing. */
export function clusterConnection(
  environment: Environment,
  config: Kubeconfig,
  contextName?: string,
): ClusterConnection {
  const name = contextName ?? config['current-context'];
  if (name === undefined || name === '') throw new Error('no context is chosen: current-context is not set');
  const context = named(config.contexts, name)?.context;
  if (context === undefined) throw new Error(`context "${name}" does not exist`);
  const cluster = named(config.clusters, context.cluster)?.cluster;
  if (cluster === undefined) throw new Error(`cluster "${context.cluster}" does not exist`);
  const user = context.user === '' ? {} : named(config.users, context.user)?.user;
  if (user === undefined) throw new Error(`auth info "${context.user}" does not exist`);
  for (const field of unsupported) {
    if (field in user || field in cluster) throw new Error(`context "${name}" uses "${field}", which is not supported`);
  }
  if (!cluster.server) throw new Error(`cluster "${context.cluster}" has no server`);
  return {
    server: cluster.server,
    namespace: context.namespace || undefined,
    ...credentials(environment, cluster, user),
  };
}

function credentials(
  environment: Environment,
  cluster: KubeconfigCluster,
  user: KubeconfigUser,
): Pick<ClusterConnection, 'tls' | 'token' | 'refused'> {
  const authority = pem(environment, cluster['certificate-authority-data'], cluster['certificate-authority']);
  const certificate = pem(environment, user['client-certificate-data'], user['client-certificate']);
  // One file for both is read at one moment, so that they always belong together.
  const isOneFile = user['client-key'] === user['client-certificate'] && !user['client-key-data'];
  const key = isOneFile ? certificate : pem(environment, user['client-key-data'], user['client-key']);
  const exec = user.exec === undefined ? undefined : new ExecCredentials(environment, user.exec, cluster);
  const tls = whileUnchanged<ClientTls>(() => ({
    authorityPem: authority(),
    certificatePem: exec?.current?.certificatePem ?? certificate(),
    keyPem: exec?.current?.keyPem ?? key(),
    serverName: cluster['tls-server-name'],
    insecureSkipVerify: cluster['insecure-skip-tls-verify'],
  }));
  return { tls, token: tokenOf(environment, user, exec), refused: () => exec?.invalidate() ?? false };
}

function tokenOf(
  environment: Environment,
  user: KubeconfigUser,
  exec: ExecCredentials | undefined,
): ClusterConnection['token'] {
  const { token, tokenFile } = user;
  if (token !== undefined && token !== '') return () => token;
  if (tokenFile !== undefined) return rereading(environment, () => readFileSync(tokenFile, 'utf8').trim());
  return exec === undefined ? undefined : async () => (await exec.get()).token;
}

/** The text of `data` (base64) or of the file, which may be renewed while we run. */
function pem(environment: Environment, data: string | undefined, path: string | undefined): () => string | undefined {
  if (data !== undefined && data !== '') {
    const text = Buffer.from(data, 'base64').toString('utf8');
    return () => text;
  }
  if (path === undefined || path === '') return () => undefined;
  return rereading(environment, () => readFileSync(path, 'utf8'));
}

function named<N extends { readonly name: string }>(entries: readonly N[] | undefined, name: string): N | undefined {
  return entries?.find((each) => each.name === name);
}
