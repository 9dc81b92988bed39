import { rmSync } from 'node:fs';
import { ClusterRegister } from '../../cluster/files/cluster-register.ts';
import { DataDirectory, defaultDataDirectory } from '../../cluster/files/data-directory.ts';
import { isAlive, runningServer } from '../../cluster/server/running-server.ts';
import { takeDownNodes } from '../../cluster/server/take-down-nodes.ts';
import { RealEnvironment } from '../../machinery/environment/real.ts';
import { silentLogger } from '../../machinery/log.ts';
import { say, styled } from '../output.ts';

const patienceMs = 180_000;

/** `stuurman down`. */
export async function down(options: { readonly dataDir?: string; readonly purge?: boolean }): Promise<void> {
  const environment = new RealEnvironment();
  const directory = new DataDirectory(options.dataDir ?? defaultDataDirectory(process.env, process.getuid?.() === 0));
  if (!directory.exists) {
    say(`There is no cluster in ${directory.path}.`);
    return;
  }
  const running = runningServer(directory);
  if (running !== undefined) {
    process.kill(running.pid, 'SIGTERM');
    const deadline = environment.monotonic() + patienceMs;
    while (isAlive(running.pid)) {
      if (environment.monotonic() > deadline)
        throw new Error(`the server (process ${running.pid}) does not end: see "stuurman logs --part server"`);
      await environment.sleep(50);
    }
  }
  // A server that was killed has left its agent and containers; one that ended in order has left nothing.
  const problems =
    process.platform === 'linux' ? await takeDownNodes({ environment, directory, logger: silentLogger }) : [];
  directory.remove(directory.serverFile);
  for (const problem of problems) say(`${styled('yellow', 'left behind:')} ${problem}`);
  if (problems.length > 0)
    throw new Error(
      'not everything could be taken down: what is listed above stays in the ledger for the next "stuurman down"',
    );
  if (options.purge === true) {
    rmSync(directory.path, { recursive: true, force: true });
    new ClusterRegister().leave(directory);
  }
  say(
    options.purge === true
      ? 'The cluster and its state are gone.'
      : `The cluster is down; its state is in ${directory.path}.`,
  );
}
