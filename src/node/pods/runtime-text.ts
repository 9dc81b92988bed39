import { RuntimeError } from '../runtime/runtime.ts';

/** An error in the words in which the kubelet passes on what its runtime said. */
export function runtimeText(error: unknown): string {
  if (error instanceof RuntimeError) return `rpc error: code = ${error.code} desc = ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
