import { Command, Option } from 'commander';
import { startAhead } from '../cluster/server/server-ahead.ts';
import { version } from '../cluster/server/version.ts';
import { withNodeLimits } from './node-limit-options.ts';
import { fail } from './output.ts';

/** What commands that concern a cluster share. */
function withDirectory(command: Command): Command {
  return command.option(
    '--data-dir <directory>',
    'where the cluster keeps its state (default: /var/lib/stuurman, without root below ~/.local/state)',
  );
}

function withOutput(command: Command): Command {
  return command.addOption(new Option('-o, --output <format>', 'machine-readable output').choices(['json', 'yaml']));
}

const program = new Command('stuurman')
  .description('A Kubernetes-compatible cluster on this machine')
  .version(version, '-V, --version', 'print the version')
  .showHelpAfterError('(stuurman help COMMAND says more)')
  .configureHelp({ showGlobalOptions: true });

const collect = (value: string, before: readonly string[] = []) => [...before, value];

withNodeLimits(withDirectory(program.command('up')))
  .description('start the cluster, or the server of one whose containers still run')
  .option('-f, --file <file>', 'apply a manifest when the cluster is ready (repeatable)', collect)
  .option('--demo', 'run the shop: a web tier, an application and a database')
  .option(
    '--nodes <count>',
    'so many nodes with real containers on this machine (default: those of the last start, or 1)',
  )
  .option('--simulated <count>', 'add so many simulated nodes', '0')
  .option('--port <port>', 'port of the API server', '6443')
  .option(
    '--address <address>',
    'how pods and other machines reach this one (default: the usual address of this machine)',
  )
  .option('--pod-cidr <range>', 'addresses of pods (first start only)')
  .option('--service-cidr <range>', 'addresses of services (first start only)')
  .option('--node-monitor-grace-period <duration>', 'how long a node may be silent before it counts as lost', '50s')
  .addOption(
    new Option('--runtime <runtime>', 'how this machine runs containers')
      .choices(['auto', 'containerd', 'simulated'])
      .default('auto'),
  )
  .option('--detach', 'return when the cluster is ready; it runs on')
  .action(async (options) => {
    const ahead = options.detach === true ? undefined : startAhead();
    await (await import('./commands/up.ts')).up(options, ahead);
  });

withNodeLimits(withDirectory(program.command('join [server]')))
  .description('make this machine a node of a cluster whose server is on another one, or bring its node back')
  .option('--token <token>', 'by which it is let in: "stuurman token create" on the server makes one')
  .option('--ca-hash <hash>', "sha256 of the cluster's authority, by which it is known (repeatable)", collect)
  .option('--node-name <name>', 'what the node is called (default: as the machine)')
  .option('--port <port>', "port of the node's own API; another one is taken when it is in use", '10250')
  .option('--detach', 'return when the node is ready; it runs on')
  .action(async (server, options) => (await import('./commands/join.ts')).join(server, options));

withDirectory(program.command('leave'))
  .description('take down the node that this machine is, and forget its cluster')
  .action(async (options) => (await import('./commands/down.ts')).leave(options));

withDirectory(program.command('down'))
  .description('end the cluster on this machine, or the node that it is; its state stays for the next start')
  .option('--purge', 'remove its state, volumes and images too')
  .action(async (options) => (await import('./commands/down.ts')).down(options));

withOutput(withDirectory(program.command('status')))
  .description('show nodes, pods and where the API is')
  .action(async (options) => (await import('./commands/status.ts')).status(options));

withDirectory(program.command('logs'))
  .description('show what the server and the agent have logged')
  .option('-f, --follow', 'go on as more is logged')
  .addOption(new Option('--part <part>', 'only one of them').choices(['server', 'agent']))
  .action(async (options) => (await import('./commands/logs.ts')).logs(options));

withDirectory(program.command('kubeconfig'))
  .description('print the kubeconfig of the administrator')
  .action(async (options) => (await import('./commands/kubeconfig.ts')).kubeconfig(options));

const image = program.command('image').description('images on this machine');
withDirectory(image.command('import <archive...>'))
  .description('import image archives (docker save, OCI) for pods of this machine')
  .action(async (archives, options) => (await import('./commands/image.ts')).importImages(archives, options));
withOutput(withDirectory(image.command('list')))
  .description('list the images that pods of this machine can use')
  .action(async (options) => (await import('./commands/image.ts')).listImages(options));

const node = program.command('node').description('nodes of the cluster');
const withDraining = (command: Command) =>
  withOutput(withDirectory(command))
    .option('--timeout <seconds>', 'how long pods may take to end', '300')
    .option('--delete-emptydir-data', 'also pods that have data in an emptyDir, which is lost')
    .option('--force', 'also pods that nothing would make again');
withDraining(node.command('drain <name>'))
  .description('let no more pods on a node, and end those on it as their budgets allow')
  .action(async (name, options) => (await import('./commands/node.ts')).drain(name, options));
withDraining(node.command('remove <name>'))
  .description('drain a node, take it down on its machine, and forget it (--force: also one that does not answer)')
  .action(async (name, options) => (await import('./commands/node.ts')).remove(name, options));
const token = program.command('token').description('tokens by which other machines join the cluster');
withOutput(withDirectory(token.command('create')))
  .description('make a token, and print it')
  .option('--ttl <duration>', 'how long it is good for, such as 2h; 0: for ever', '24h')
  .option('--description <text>', 'what it is for')
  .option('--print-join-command', 'print what to run on the other machine instead')
  .action(async (options) => (await import('./commands/token.ts')).createJoinToken(options));
withOutput(withDirectory(token.command('list')))
  .description('list the tokens')
  .action(async (options) => (await import('./commands/token.ts')).listJoinTokens(options));
withDirectory(token.command('delete <token...>'))
  .description('delete tokens, by their ids or the whole of them')
  .action(async (tokens, options) => (await import('./commands/token.ts')).deleteJoinTokens(tokens, options));

withOutput(program.command('version'))
  .description('print the version')
  .action(async (options) => (await import('./commands/version.ts')).printVersion(options));

program
  .command('agent <settings>', { hidden: true })
  .description('run the agent of this machine; the server starts it')
  .action(async (settings) => (await import('./commands/agent.ts')).agent(settings));

// Who reads may have seen enough, as in `stuurman logs | head`. A server goes on when nobody reads any more what it says.
process.stdout.on('error', () => process.exit(0));
process.stderr.on('error', () => {});

program.parseAsync().catch((error: unknown) => fail(error));
