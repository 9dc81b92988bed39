import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/cli/start.ts', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run of the program as a process of its own. */
export class Stuurman {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  #stderr = '';

  constructor(args: readonly string[], env = process.env) {
    this.process = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    this.process.stdout?.on('data', (text) => {
      stdout += text;
    });
    this.process.stderr?.on('data', (text) => {
      this.#stderr += text;
    });
    this.ended = new Promise((resolve, reject) => {
      this.process.on('error', reject);
      this.process.on('close', (code) => resolve({ code, stdout, stderr: this.#stderr }));
    });
  }

  /** Waits until it has told that the cluster is ready. Throws what it said when it ended instead. */
  async ready(): Promise<void> {
    const told = new Promise<void>((resolve) => {
      const look = () => {
        if (this.#stderr.includes('\nCtrl-C ends')) resolve();
      };
      this.process.stderr?.on('data', look);
      look();
    });
    await Promise.race([told, this.ended]);
    if (this.process.exitCode !== null) throw new Error(`stuurman ended: ${this.#stderr}`);
  }

  /** Asks it to end, as Ctrl-C does. */
  async end(): Promise<Ended> {
    this.process.kill('SIGINT');
    return this.ended;
  }
}

/** A port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
