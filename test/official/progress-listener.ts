import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Outcome } from './run-folder.ts';

const outcomes: Readonly<Record<string, Outcome>> = { PASSED: 'passed', FAILED: 'failed' };

/** The suite tells here of each test that has ended, while it runs. */
export class ProgressListener {
  readonly url: string;
  readonly #server: Server;

  static async start(onEnd: (test: string, outcome: Outcome) => void): Promise<ProgressListener> {
    const server = createServer((request, response) => {
      text(request).then(
        (body) => {
          const ended = endedTest(body);
          if (ended !== undefined) onEnd(ended.test, ended.outcome);
          response.end();
        },
        () => response.destroy(),
      );
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return new ProgressListener(server);
  }

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** What a message of the suite says: `PASSED [sig-node] Pods should ...`. Undefined for one that is not about a test's end. */
export function endedTest(body: string): { readonly test: string; readonly outcome: Outcome } | undefined {
  const [, word = '', test = ''] = /^(PASSED|FAILED) (.+)$/s.exec(messageOf(body)) ?? [];
  const outcome = outcomes[word];
  return outcome === undefined ? undefined : { test, outcome };
}

function messageOf(body: string): string {
  try {
    return String((JSON.parse(body) as { readonly msg?: unknown }).msg ?? '');
  } catch {
    return '';
  }
}
