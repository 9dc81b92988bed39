import type { PortConnection } from '../../../wire/port-forward/port-connection.ts';
import type { StreamOptions } from '../../../wire/remote-command/exec-streams.ts';
import type { ExecSession } from '../runtime.ts';

/** Opens what was prepared under an address of the runtime's streaming server. Errors are `RuntimeError`. */
export interface RuntimeStreams {
  /** The streams of a command, or of a container. */
  command(url: URL, options: StreamOptions): Promise<ExecSession>;
  /** One connection to a port. */
  port(url: URL, port: number): Promise<PortConnection>;
}
