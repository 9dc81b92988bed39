import { join as joinPath } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { decideLimits } from '../../cluster/agent/agent-limits.ts';
import { installAdvice, missingPrograms } from '../../cluster/agent/needed-programs.ts';
import type { DataDirectory } from '../../cluster/files/data-directory.ts';
import { readNodeLimits } from '../../cluster/files/node-limits-file.ts';
import { runningJoin, writeJoinProcess } from '../../cluster/join/join-process.ts';
import { readJoined } from '../../cluster/join/joined-file.ts';
import { JoiningNode, requireJoinable } from '../../cluster/join/joining-node.ts';
import { serverUrl } from '../../cluster/join/server-url.ts';
import { pinoLogger } from '../../cluster/observability/pino-logger.ts';
import { nodeNameOfMachine } from '../../cluster/server/machine.ts';
import { RealEnvironment } from '../../machinery/environment/real.ts';
import { dataDirectoryOf } from '../data-directory-of.ts';
import { detach } from '../detach.ts';
import { endOnSignals } from '../end-on-signals.ts';
import type { NodeLimitOptions } from '../node-limit-options.ts';
import { say } from '../output.ts';
import { Steps } from '../steps.ts';
import { agentProgram, thisProgram } from '../this-program.ts';
import { wholeNumber } from '../whole-number.ts';

export interface JoinOptions extends NodeLimitOptions {
  readonly token?: string;
  readonly caHash?: readonly string[];
  readonly dataDir?: string;
  readonly nodeName?: string;
  readonly port: string;
  readonly detach?: boolean;
}

/** `stuurman join`: this machine becomes a node of a cluster whose server is on another one. */
export async function join(server: string | undefined, options: JoinOptions): Promise<void> {
  const environment = new RealEnvironment();
  const isRoot = process.getuid?.() === 0;
  const directory = dataDirectoryOf(options);
  const port = wholeNumber('--port', options.port, 1, 65_535);
  const invitation = invitationOf(server, options, readJoined(directory)?.nodeName);
  const running = runningJoin(directory);
  if (running !== undefined && invitation === undefined)
    throw new Error(`the node in ${directory.path} runs already (process ${running}): see "stuurman logs"`);
  requireJoinable(directory, invitation);
  await mustRunContainers(isRoot);
  const limits = await decideLimits(directory, options, true);
  if (running !== undefined && !isDeepStrictEqual(limits, readNodeLimits(directory)))
    throw new Error(
      `the node in ${directory.path} runs (process ${running}) with other limits: they can be changed when it starts, by "stuurman down" and then "stuurman join" with them`,
    );
  if (options.detach === true && running === undefined) {
    await detach(directory, environment, [
      /^Ctrl-C takes.*\n/m,
      'stuurman down takes the node down; "stuurman join" brings it back, and "stuurman leave" forgets the cluster.\n',
    ]);
    return;
  }
  const node = await JoiningNode.open({
    environment,
    directory,
    logger: pinoLogger({ level: 'info', name: 'join', file: joinPath(directory.path, 'logs', 'server.log') }),
    invitation,
    port,
    limits,
    agentCommand: agentProgram,
    leaveCommand: [...thisProgram, 'leave', '--data-dir', directory.path],
  });
  if (running === undefined) await keep(node, directory, environment, invitation !== undefined);
  else await tellRunning(node, environment);
}

/** Runs the node until it is asked to end. */
async function keep(
  node: JoiningNode,
  directory: DataDirectory,
  environment: RealEnvironment,
  isInvited: boolean,
): Promise<void> {
  const startedAt = environment.now();
  const steps = new Steps(() => environment.monotonic());
  const strike = writeJoinProcess(directory);
  const down = async () => {
    const problems = node.hasStarted ? await node.down() : [];
    strike();
    node.forget();
    return problems;
  };
  const ending = endOnSignals('Taking the node down ...', down);
  try {
    await steps.run(isInvited ? 'cluster verified, and certificate obtained' : 'cluster found', () => node.identify());
    await steps.run('node started', () => node.start());
    await steps.run('node ready', (progress) => node.waitUntilReady(startedAt, progress));
  } catch (error) {
    if (ending.begun()) return ending.done;
    await down();
    throw error;
  }
  if (ending.begun()) return ending.done;
  say('');
  say(`This machine is the node ${node.nodeName} of the cluster.`);
  say('');
  say('Ctrl-C takes the node down; "stuurman join" brings it back, and "stuurman leave" forgets the cluster.');
  await ending.done;
}

/** A node that runs learns where its cluster is now, and gets another certificate where it needs one; its pods do not notice. */
async function tellRunning(node: JoiningNode, environment: RealEnvironment): Promise<void> {
  const startedAt = environment.now();
  const steps = new Steps(() => environment.monotonic());
  await steps.run('cluster verified, and certificate obtained', () => node.identify());
  await steps.run('node ready', (progress) => node.waitUntilReady(startedAt, progress));
  node.release();
  say('');
  say(`This machine is the node ${node.nodeName} of the cluster, and runs on.`);
}

function invitationOf(
  server: string | undefined,
  { token, caHash = [], nodeName }: JoinOptions,
  known: string | undefined,
) {
  if (server === undefined && token === undefined && caHash.length === 0) return undefined;
  if (server === undefined || token === undefined || caHash.length === 0)
    throw new Error(
      'joining takes HOST:PORT, --token and --ca-hash: "stuurman token create --print-join-command" on the server prints all of it',
    );
  return {
    nodeName: nodeName ?? known ?? nodeNameOfMachine(),
    server: serverUrl(server),
    token,
    authorityHashes: caHash,
  };
}

async function mustRunContainers(isRoot: boolean): Promise<void> {
  if (process.platform !== 'linux') throw new Error('a node needs Linux');
  if (!isRoot) throw new Error('a node needs root: run "stuurman join" with sudo');
  const missing = await missingPrograms();
  if (missing.length > 0) throw new Error(`a node needs ${installAdvice(missing)}`);
}
