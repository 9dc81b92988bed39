import { RuntimeError } from '../runtime/runtime.ts';

/** An error in the words in which the kubelet passes on what its runtime said. */
export function runtimeText(error: unknown): string {
  if (error instanceof RuntimeError) return `rpc error: code = ${error.code} desc = ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

/** How a command ended badly, in the kubelet's words. */
export function exitText(command: readonly string[], exitCode: number, stderr: Uint8Array<ArrayBufferLike>): string {
  return `command '${command.join(' ')}' exited with ${exitCode}: ${Buffer.from(stderr).toString('utf8')}`;
}
