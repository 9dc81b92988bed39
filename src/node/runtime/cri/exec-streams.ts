import type { ExecOptions, ExecSession } from '../runtime.ts';

/** Opens the streams of a command that was prepared under an address of the runtime's streaming server. */
export type ExecStreams = (url: URL, options: ExecOptions) => Promise<ExecSession>;
