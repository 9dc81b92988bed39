import { existsSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import { decideLimits } from '../../cluster/agent/agent-limits.ts';
import { installAdvice, missingPrograms } from '../../cluster/agent/needed-programs.ts';
import { applyManifests } from '../../cluster/demo/apply-manifests.ts';
import { readManifest } from '../../cluster/demo/read-manifest.ts';
import { askedRanges } from '../../cluster/files/asked-ranges.ts';
import type { DataDirectory } from '../../cluster/files/data-directory.ts';
import { mostLocalNodes } from '../../cluster/files/local-nodes.ts';
import { readJoined } from '../../cluster/join/joined-file.ts';
import { pinoLogger } from '../../cluster/observability/pino-logger.ts';
import { runningPods } from '../../cluster/server/running-pods.ts';
import { serverProcess, writeStartingServer } from '../../cluster/server/running-server.ts';
import { Server } from '../../cluster/server/server.ts';
import type { ServerAhead } from '../../cluster/server/server-ahead.ts';
import { waitForNodes } from '../../cluster/server/wait-for-nodes.ts';
import { RealEnvironment } from '../../machinery/environment/real.ts';
import { dataDirectoryOf } from '../data-directory-of.ts';
import { detach } from '../detach.ts';
import { durationOption } from '../duration-option.ts';
import { endOnSignals } from '../end-on-signals.ts';
import { kubectlAdvice } from '../kubectl-advice.ts';
import type { NodeLimitOptions } from '../node-limit-options.ts';
import { say, styled } from '../output.ts';
import { Steps } from '../steps.ts';
import { agentProgram } from '../this-program.ts';
import { wholeNumber } from '../whole-number.ts';

export interface UpOptions extends NodeLimitOptions {
  readonly file?: readonly string[];
  readonly demo?: boolean;
  readonly nodes?: string;
  readonly simulated: string;
  readonly dataDir?: string;
  readonly port: string;
  readonly address?: string;
  readonly podCidr?: string;
  readonly serviceCidr?: string;
  readonly nodeMonitorGracePeriod: string;
  readonly runtime: 'auto' | 'containerd' | 'simulated';
  readonly detach?: boolean;
}

const mostSimulated = 10_000;
/** An agent tells every ten seconds that it lives. */
const leastGracePeriodMs = 15_000;

/** `stuurman up`; `ahead`: what was begun while this was loaded. */
export async function up(options: UpOptions, ahead: ServerAhead | undefined): Promise<void> {
  const environment = new RealEnvironment();
  const isRoot = process.getuid?.() === 0;
  const directory = dataDirectoryOf(options);
  const { obstacle, manifests, ...plan } = await decidePlan(options, directory, isRoot);
  if (options.detach === true) {
    if (options.file?.includes('-') === true)
      throw new Error('-f - is for a cluster that does not detach: what runs on has no standard input');
    await detach(directory, environment, [
      /^Ctrl-C ends.*\n/m,
      'stuurman down ends the cluster; its state stays for the next "stuurman up".\n',
    ]);
    return;
  }
  if (obstacle !== undefined && options.runtime === 'auto') {
    say(
      `${styled('yellow', 'note:')} containers are simulated, because ${obstacle}. Everything else of the cluster is real.`,
    );
  }
  directory.create();
  writeStartingServer(directory);
  const logger = pinoLogger({ level: 'info', name: 'server', file: join(directory.path, 'logs', 'server.log') });
  const startedAt = environment.now();
  const steps = new Steps(() => environment.monotonic());
  const server = await steps.run('state opened', () =>
    Server.open({
      environment,
      directory,
      logger,
      ...plan,
      ahead,
      address: options.address,
      agentCommand: agentProgram,
      notice: (text) => say(`${styled('yellow', 'note:')} ${text}`),
    }).catch((error: unknown) => {
      directory.remove(directory.serverFile);
      throw error;
    }),
  );
  const ending = endOnSignals('Ending the cluster ...', () => server.down());
  try {
    await steps.run('API server answers', () => server.serve());
    const names = await steps.run('nodes started', () => server.work());
    await steps.run('nodes ready', (progress) =>
      waitForNodes(server.client, environment, { names, sinceMs: startedAt }, progress),
    );
    if (options.demo === true) {
      const [{ prepareDemo }, { waitForDemo }] = await Promise.all([
        import('../../cluster/demo/demo.ts'),
        import('../../cluster/demo/wait-for-demo.ts'),
      ]);
      if (plan.realNode)
        await prepareDemo({
          environment,
          directory,
          logger,
          places: server.places,
          run: (name, work) => steps.run(name, work),
        });
      await steps.run('shop rolled out', async (progress) => {
        await applyManifests(server.client, [readManifest(demoManifest())]);
        const runningOn = (node: string) => runningPods(server.dialer, node);
        await waitForDemo({ client: server.client, environment, runningOn }, progress);
      });
    }
    if (manifests.length > 0) await steps.run('manifests applied', () => applyManifests(server.client, manifests));
  } catch (error) {
    // A step that fails because the cluster ends must not end the process before that is done.
    if (ending.begun()) return ending.done;
    // Nothing is left half done.
    await server.down();
    throw error;
  }
  if (!ending.begun()) await tell(server, directory, options, plan.realNode);
  await ending.done;
}

/** What is to be started, and the obstacle to real containers. Nothing is made yet; throws for what cannot be. */
async function decidePlan(options: UpOptions, directory: DataDirectory, isRoot: boolean) {
  const port = wholeNumber('--port', options.port, 1, 65_535);
  const nodes = options.nodes === undefined ? undefined : wholeNumber('--nodes', options.nodes, 1, mostLocalNodes);
  const asked = wholeNumber('--simulated', options.simulated, 0, mostSimulated);
  const gracePeriodMs = gracePeriodOf(options);
  if (options.address !== undefined && !isIPv4(options.address))
    throw new Error(`--address takes an IPv4 address of this machine, not "${options.address}"`);
  const ranges = askedRanges(options.podCidr, options.serviceCidr);
  const manifests = (options.file ?? []).map(readManifest);
  const running = serverProcess(directory);
  if (running !== undefined) {
    const how =
      'port' in running
        ? `runs already (process ${running.pid}, https://127.0.0.1:${running.port})`
        : `is being started already (process ${running.pid})`;
    throw new Error(`the cluster in ${directory.path} ${how}: see "stuurman status"`);
  }
  directory.refuseForeign();
  const joined = readJoined(directory);
  if (joined !== undefined)
    throw new Error(
      `${directory.path} is that of the node ${joined.nodeName} of a cluster elsewhere: "stuurman join" brings it back; give another one with --data-dir`,
    );
  const obstacle = await realNodeObstacle(options.runtime, isRoot);
  if (obstacle !== undefined && options.runtime === 'containerd')
    throw new Error(`real containers are not possible here: ${obstacle}`);
  const realNode = obstacle === undefined;
  if (obstacle !== undefined && nodes !== undefined)
    throw new Error(
      `--nodes makes nodes with real containers, which are not possible here: ${obstacle}; --simulated adds simulated ones`,
    );
  const limits = await decideLimits(directory, options, realNode);
  return {
    obstacle,
    port,
    nodes,
    realNode,
    simulatedNodes: asked > 0 || realNode ? asked : 1,
    limits,
    manifests,
    ...ranges,
    nodeLifecycle: { gracePeriodMs },
  };
}

async function tell(server: Server, directory: DataDirectory, { demo }: UpOptions, realNode: boolean): Promise<void> {
  // The API answers meanwhile.
  const advice = await kubectlAdvice(process.env['PATH'] ?? '');
  say('');
  if (demo === true)
    say(`${styled('bold', 'Open')}        ${realNode ? `http://${server.address}:30080` : '(simulated: no traffic)'}`);
  say(`${styled('bold', 'API')}         ${server.url}`);
  say(`${styled('bold', 'kubeconfig')}  ${directory.kubeconfig}`);
  if (advice !== undefined) say(`${styled('yellow', 'note:')} ${advice}`);
  say('');
  say('Try:');
  say(`  export KUBECONFIG=${directory.kubeconfig}`);
  say('  kubectl get pods -A -o wide');
  say(
    demo === true
      ? '  kubectl -n shop rollout restart deployment/web'
      : '  kubectl create deployment web --image=stuurman.local/nginx:1',
  );
  say(demo === true ? '  kubectl -n shop logs -l app=application -f' : '  kubectl get events -A');
  say('');
  say('Ctrl-C ends the cluster; its state stays for the next "stuurman up".');
}

function gracePeriodOf({ nodeMonitorGracePeriod: text }: UpOptions): number {
  const periodMs = durationOption('--node-monitor-grace-period', text);
  if (periodMs < leastGracePeriodMs)
    throw new Error(
      `--node-monitor-grace-period takes 15s or more, not "${text}": nodes tell every 10s that they live`,
    );
  return periodMs;
}

/** Why this machine cannot run real containers; undefined when it can. */
async function realNodeObstacle(runtime: UpOptions['runtime'], isRoot: boolean): Promise<string | undefined> {
  if (runtime === 'simulated') return 'that was asked for';
  if (process.platform !== 'linux') return 'they need Linux';
  if (!isRoot) return 'they need root';
  const missing = await missingPrograms();
  return missing.length === 0 ? undefined : `it lacks ${installAdvice(missing)}`;
}

/** The manifest of the shop, beside the program. */
function demoManifest(): string {
  for (const above of ['..', '../..', '../../..']) {
    const path = join(import.meta.dirname, above, 'examples', 'shop', 'shop.yaml');
    if (existsSync(path)) return path;
  }
  throw new Error(
    'examples/shop/shop.yaml is not beside the program: run the demonstration from a clone of the project',
  );
}
