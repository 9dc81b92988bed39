import type { Environment } from '../../../machinery/environment/environment.ts';
import { HttpClient } from '../../../wire/http-client.ts';
import { PortForwardClient } from '../../../wire/port-forward/port-forward-client.ts';
import { ExecFailure } from '../../../wire/remote-command/exec-status.ts';
import { spdyExec } from '../../../wire/remote-command/spdy-exec-client.ts';
import { RuntimeError } from '../runtime.ts';
import type { RuntimeStreams } from './runtime-streams.ts';

/** Speaks SPDY/3.1, as the streaming server of a container runtime wants it. Each session has a connection of its own. */
export function spdyStreams(environment: Environment): RuntimeStreams {
  const over = async <T>(url: URL, open: (client: HttpClient, path: string) => Promise<T>): Promise<T> => {
    const client = new HttpClient({ environment, url: url.origin });
    try {
      return await open(client, `${url.pathname}${url.search}`);
    } catch (cause) {
      client.close();
      throw new RuntimeError('Unavailable', (cause as Error).message, { cause });
    }
  };
  return {
    command: (url, options) =>
      over(url, async (client, path) => {
        const session = await spdyExec(environment, client, path, options);
        const exit = session.exit.catch((cause: unknown) => {
          const code = cause instanceof ExecFailure ? 'Unknown' : 'Unavailable';
          throw new RuntimeError(code, withoutFrame((cause as Error).message), { cause });
        });
        // Who closes the session does not wait for its exit.
        exit.catch(() => undefined);
        return { ...session, exit };
      }),
    port: (url, port) =>
      over(url, async (client, path) => {
        const forward = await PortForwardClient.overSpdy(environment, client, path);
        const connection = await forward.connect(port);
        const close = () => forward.close();
        connection.data.once('close', close);
        return connection;
      }),
  };
}

/** What the runtime says is framed as an internal error, and will be again for the user. */
function withoutFrame(message: string): string {
  return message.replace(/^Internal error occurred: /, '');
}
