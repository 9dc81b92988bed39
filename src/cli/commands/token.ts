import { dump } from 'js-yaml';
import type { Client } from '../../client/client.ts';
import { connect } from '../../client/https/connect.ts';
import { clusterConnection } from '../../client/kubeconfig/cluster-connection.ts';
import { readKubeconfig } from '../../client/kubeconfig/kubeconfig-file.ts';
import type { DataDirectory } from '../../cluster/files/data-directory.ts';
import { type RunningServer, runningServer } from '../../cluster/server/running-server.ts';
import { joinCommand } from '../../cluster/tokens/join-command.ts';
import { createToken, deleteToken, type JoinToken, listTokens } from '../../cluster/tokens/join-tokens.ts';
import { RealEnvironment } from '../../machinery/environment/real.ts';
import { humanDuration } from '../../machinery/time.ts';
import { dataDirectoryOf } from '../data-directory-of.ts';
import { durationOption } from '../duration-option.ts';
import { print, say, table } from '../output.ts';

interface TokenCommandOptions {
  readonly dataDir?: string;
  readonly output?: 'json' | 'yaml';
}

const longestTtlMs = 87_600 * 3600_000;

interface Server {
  readonly client: Client;
  readonly environment: RealEnvironment;
  readonly directory: DataDirectory;
  readonly server: RunningServer;
}

/** `stuurman token create`: prints the token, or the command to run on the other machine. */
export async function createJoinToken(
  options: TokenCommandOptions & {
    readonly ttl: string;
    readonly description?: string;
    readonly printJoinCommand?: boolean;
  },
): Promise<void> {
  const ttlMs = durationOption('--ttl', options.ttl);
  if (ttlMs > longestTtlMs)
    throw new Error(`--ttl takes at most 87600h, which is ten years, not "${options.ttl}"; 0 is for ever`);
  await withServer(options, async ({ client, environment, directory, server }) => {
    const token = await createToken(client, environment, { ttlMs, description: options.description });
    const command = joinCommand(directory, server, token.token);
    if (options.output !== undefined) show(options.output, { ...shown(token), joinCommand: command });
    else print(options.printJoinCommand === true ? command : token.token);
  });
}

/** `stuurman token list`. */
export async function listJoinTokens(options: TokenCommandOptions): Promise<void> {
  await withServer(options, async ({ client, environment }) => {
    const tokens = await listTokens(client, environment);
    if (options.output !== undefined) {
      show(options.output, tokens.map(shown));
      return;
    }
    print(
      table(
        ['TOKEN', 'TTL', 'EXPIRES', 'USAGES', 'DESCRIPTION', 'EXTRA GROUPS'],
        tokens.map(({ token, expires, remainingMs, usages, description, groups }) => [
          token,
          remainingMs === undefined ? '<forever>' : remainingMs === 0 ? '<expired>' : humanDuration(remainingMs),
          expires ?? '<never>',
          usages.join(',') || '<none>',
          description || '<none>',
          groups.join(',') || '<none>',
        ]),
      ),
    );
  });
}

/** `stuurman token delete`. */
export async function deleteJoinTokens(tokens: readonly string[], options: TokenCommandOptions): Promise<void> {
  await withServer(options, async ({ client }) => {
    for (const token of tokens) say(`deleted token ${await deleteToken(client, token)}`);
  });
}

function shown({ token, expires, usages, description, groups }: JoinToken): object {
  return { token, ...(expires !== undefined && { expires }), usages, description, groups };
}

function show(format: 'json' | 'yaml', value: object): void {
  print(format === 'json' ? JSON.stringify(value, undefined, 2) : dump(value));
}

async function withServer(options: TokenCommandOptions, work: (server: Server) => Promise<void>): Promise<void> {
  const environment = new RealEnvironment();
  const directory = dataDirectoryOf(options);
  const server = runningServer(directory);
  if (server === undefined)
    throw new Error(
      `tokens are kept by the server of the cluster, and none runs for ${directory.path}: start it with "stuurman up", or name its directory with --data-dir`,
    );
  const { client, close } = connect(environment, clusterConnection(environment, readKubeconfig(directory.kubeconfig)));
  try {
    await work({ client, environment, directory, server });
  } finally {
    close();
  }
}
