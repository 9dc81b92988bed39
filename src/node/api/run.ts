import type { HttpResponse } from '../../wire/http.ts';
import { latestContainer, type PodRuntimeState } from '../pods/pod-runtime-state.ts';
import { exitText, runtimeText } from '../pods/runtime-text.ts';
import type { ContainerRuntime } from '../runtime/runtime.ts';
import { textResponse } from './responses.ts';

export interface RunInput {
  readonly state: PodRuntimeState;
  readonly container: string;
  /** `cmd`: the command, its words parted by spaces. */
  readonly query: URLSearchParams;
  readonly runtime: Pick<ContainerRuntime, 'execSync'>;
  readonly signal: AbortSignal | undefined;
}

/** Runs a command in a container without streams: what it says is the answer. */
export async function run({ state, container, query, runtime, signal }: RunInput): Promise<HttpResponse> {
  const running = latestContainer(state, container);
  if (running?.state !== 'running') return textResponse(500, `container not found ("${container}")`);
  const command = (query.get('cmd') ?? '').split(' ');
  try {
    const { exitCode, stdout, stderr } = await runtime.execSync(running.id, command, 0, signal);
    if (exitCode !== 0) return textResponse(500, exitText(command, exitCode, stderr));
    const headers = { 'content-type': 'application/json' };
    return { status: 200, headers, body: Buffer.concat([stdout, stderr]) };
  } catch (error) {
    return textResponse(500, runtimeText(error));
  }
}
