import { ClusterRegister } from '../../cluster/files/cluster-register.ts';
import type { DataDirectory } from '../../cluster/files/data-directory.ts';
import { runningJoin } from '../../cluster/join/join-process.ts';
import { readJoined } from '../../cluster/join/joined-file.ts';
import { isAlive, serverProcess } from '../../cluster/server/running-server.ts';
import { takeDownNodes } from '../../cluster/server/take-down-nodes.ts';
import { RealEnvironment } from '../../machinery/environment/real.ts';
import { silentLogger } from '../../machinery/log.ts';
import { dataDirectoryOf } from '../data-directory-of.ts';
import { say, styled } from '../output.ts';

const patienceMs = 180_000;

interface DownOptions {
  readonly dataDir?: string;
  readonly purge?: boolean;
}

/** `stuurman down`. */
export async function down(options: DownOptions): Promise<void> {
  const directory = dataDirectoryOf(options);
  const joined = readJoined(directory);
  if (!directory.exists && joined === undefined && serverProcess(directory) === undefined) {
    say(`There is no cluster in ${directory.path}.`);
    return;
  }
  await takeDown(directory);
  if (options.purge === true) purge(directory);
  const what = joined === undefined ? 'cluster' : `node ${joined.nodeName}`;
  say(
    options.purge === true
      ? `The ${what} and its state are gone.`
      : `The ${what} is down; its state is in ${directory.path}.`,
  );
}

/** `stuurman leave`: the node that this machine is goes, with all that it has here. */
export async function leave(options: DownOptions): Promise<void> {
  const directory = dataDirectoryOf(options);
  const joined = readJoined(directory);
  if (joined === undefined)
    throw new Error(
      directory.exists
        ? `${directory.path} is that of a cluster's server: "stuurman down" ends the cluster`
        : `this machine has joined no cluster in ${directory.path}: give the directory with --data-dir`,
    );
  await takeDown(directory);
  purge(directory);
  say(
    `This machine is no longer the node ${joined.nodeName}; "stuurman node remove ${joined.nodeName} --force" on the server makes the cluster forget it, where that has not been done.`,
  );
}

function purge(directory: DataDirectory): void {
  directory.purge();
  new ClusterRegister().leave(directory);
}

/** Ends the process that keeps nodes here, and then whatever it has left. Throws when something stays. */
async function takeDown(directory: DataDirectory): Promise<void> {
  const environment = new RealEnvironment();
  const pid = serverProcess(directory)?.pid ?? runningJoin(directory);
  if (pid !== undefined) {
    process.kill(pid, 'SIGTERM');
    const deadline = environment.monotonic() + patienceMs;
    while (isAlive(pid)) {
      if (environment.monotonic() > deadline)
        throw new Error(`the process ${pid} does not end: see "stuurman logs --part server"`);
      await environment.sleep(50);
    }
  }
  // A process that was killed has left agents and containers; one that ended in order has left nothing.
  const problems =
    process.platform === 'linux' ? await takeDownNodes({ environment, directory, logger: silentLogger }) : [];
  directory.remove(directory.serverFile);
  for (const problem of problems) say(`${styled('yellow', 'left behind:')} ${problem}`);
  if (problems.length > 0)
    throw new Error(
      'not everything could be taken down: what is listed above stays in the ledger for the next "stuurman down"',
    );
}
