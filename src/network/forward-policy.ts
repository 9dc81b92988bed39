import type { Host } from '../node/host/host.ts';

/** Tells our rules in chains of other programs. */
const comment = (clusterId: string) => `stuurman ${clusterId}`;

/**
 * Lets pod traffic through where another program drops what is forwarded (Docker sets the policy of FORWARD to DROP). An accept in
 * our own table would not help: every chain at a hook has its say. Answers whether anything had to be done.
 */
export async function allowForwarding(host: Host, bridge: string, clusterId: string): Promise<boolean> {
  const listed = await host.processes.run(['nft', 'list', 'chain', 'ip', 'filter', 'FORWARD'], { allowFailure: true });
  if (listed.code !== 0 || !listed.stdout.includes('policy drop')) return false;
  const mark = comment(clusterId);
  if (listed.stdout.includes(`"${bridge}" accept comment "${mark}"`)) return true;
  await host.nft(
    [
      `insert rule ip filter FORWARD iifname "${bridge}" accept comment "${mark}"`,
      `insert rule ip filter FORWARD oifname "${bridge}" accept comment "${mark}"`,
      '',
    ].join('\n'),
  );
  return true;
}

/** Takes the rules back out of the other program's chain. */
export async function withdrawForwarding(host: Host, clusterId: string): Promise<void> {
  const listed = await host.processes.run(['nft', '-a', 'list', 'chain', 'ip', 'filter', 'FORWARD'], {
    allowFailure: true,
  });
  if (listed.code !== 0) return;
  const handles = listed.stdout
    .split('\n')
    .filter((line) => line.includes(`comment "${comment(clusterId)}"`))
    .flatMap((line) => /# handle (\d+)/.exec(line)?.[1] ?? []);
  if (handles.length > 0)
    await host.nft(`${handles.map((handle) => `delete rule ip filter FORWARD handle ${handle}`).join('\n')}\n`);
}
