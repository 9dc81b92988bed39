import { spawnSync } from 'node:child_process';

/** The kubectls of both ends of the supported range where `STUURMAN_KUBECTL_ENDS` names them, or the one that there is; by version. */
export const kubectlEnds: readonly (readonly [version: string, program: string])[] = (
  process.env['STUURMAN_KUBECTL_ENDS']?.split(':') ?? [process.env['STUURMAN_KUBECTL'] ?? 'kubectl']
).map((program) => [versionOf(program), program]);

function versionOf(program: string): string {
  const { stdout } = spawnSync(program, ['version', '--client', '-o', 'json'], { encoding: 'utf8' });
  return (JSON.parse(stdout) as { readonly clientVersion: { readonly gitVersion: string } }).clientVersion.gitVersion;
}

/** How kubectl speaks of streams: by WebSocket, as it does by itself since 1.31, or by SPDY, as before. */
export const streamProtocols = [
  ['WebSocket', { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'true', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'true' }],
  ['SPDY', { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' }],
] as const;
