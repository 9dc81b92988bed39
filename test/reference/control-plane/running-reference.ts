import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { RealEnvironment } from '../../../src/machinery/environment/real.ts';
import { HttpClient } from '../../../src/wire/http-client.ts';
import { fixedTestKeys } from '../../../src/wire/pki/fixed-test-keys.ts';
import { token } from './admin-token.ts';
import { cache, ensureBuilt } from './build.ts';

/** A folder for each process that has started a reference, named after its pid. */
const runs = join(cache, 'runs');
const run = join(runs, String(process.pid));
const startsWithinMs = 60_000;
const stopsWithinMs = 10_000;

/** A real API server on an etcd of its own, with nothing that acts on what is written to it. */
export class RunningReference {
  readonly url: string;
  /** As `admin` of the group `system:masters`. */
  readonly http: HttpClient;
  readonly #processes: readonly ChildProcess[];

  private constructor(url: string, http: HttpClient, processes: readonly ChildProcess[]) {
    this.url = url;
    this.http = http;
    this.#processes = processes;
  }

  /** Builds it when it is not there, and resolves as soon as it answers. What an interrupted one has left is taken away first. */
  static async start(): Promise<RunningReference> {
    const programs = ensureBuilt();
    takeAwayReference();
    mkdirSync(run, { recursive: true });
    const [client, peer, secure] = await Promise.all([freePort(), freePort(), freePort()]);
    const key = join(run, 'service-account.key');
    const tokens = join(run, 'tokens.csv');
    writeFileSync(key, fixedTestKeys.serviceAccount().privateKey.export({ type: 'pkcs8', format: 'pem' }));
    writeFileSync(tokens, `${token},admin,admin,system:masters\n`);
    const etcdUrl = `http://127.0.0.1:${client}`;
    const peerUrl = `http://127.0.0.1:${peer}`;
    const etcd = start('etcd', programs.etcd, {
      'data-dir': join(run, 'etcd'),
      'listen-client-urls': etcdUrl,
      'advertise-client-urls': etcdUrl,
      'listen-peer-urls': peerUrl,
      'initial-advertise-peer-urls': peerUrl,
      'initial-cluster': `default=${peerUrl}`,
    });
    const issuer = 'https://kubernetes.default.svc.cluster.local';
    const api = start('kube-apiserver', programs.apiServer, {
      'etcd-servers': etcdUrl,
      'secure-port': String(secure),
      'bind-address': '127.0.0.1',
      'advertise-address': '127.0.0.1',
      'cert-dir': join(run, 'pki'),
      'token-auth-file': tokens,
      'authorization-mode': 'Node,RBAC',
      'service-account-key-file': key,
      'service-account-signing-key-file': key,
      'service-account-issuer': issuer,
      'service-cluster-ip-range': '10.96.0.0/16',
      'allow-privileged': 'true',
      'endpoint-reconciler-type': 'none',
    });
    const url = `https://127.0.0.1:${secure}`;
    const environment = new RealEnvironment();
    const http = new HttpClient({ environment, url, tls: { insecureSkipVerify: true }, token: () => token });
    const reference = new RunningReference(url, http, [api, etcd]);
    writeFileSync(join(run, 'pids'), reference.#processes.map(({ pid }) => `${pid}\n`).join(''));
    await reference.#ready();
    return reference;
  }

  async stop(): Promise<void> {
    this.http.close();
    for (const child of this.#processes) {
      if (child.exitCode !== null) continue;
      child.kill();
      const killer = setTimeout(() => child.kill('SIGKILL'), stopsWithinMs);
      await once(child, 'exit');
      clearTimeout(killer);
    }
    rmSync(run, { recursive: true, force: true });
  }

  async #ready(): Promise<void> {
    const until = performance.now() + startsWithinMs;
    for (;;) {
      const answer = await this.http.fetch({ method: 'GET', path: '/readyz', headers: {} }).catch(() => undefined);
      if (answer?.status === 200) return;
      const ended = this.#processes.some(({ exitCode }) => exitCode !== null);
      if (ended || performance.now() > until) {
        throw new Error(`the reference did not start; its logs are in ${run}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

/** Ends what processes have started and not ended that are gone themselves, and deletes its data. Others go on. */
export function takeAwayReference(): void {
  for (const owner of existsSync(runs) ? readdirSync(runs) : []) {
    if (Number(owner) !== process.pid && commandOf(Number(owner)).includes('reference')) continue;
    const folder = join(runs, owner);
    for (const pid of readPids(join(folder, 'pids'))) {
      // The number may belong to somebody else by now.
      if (commandOf(pid).startsWith(cache)) process.kill(pid, 'SIGKILL');
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

function readPids(file: string): readonly number[] {
  try {
    return readFileSync(file, 'utf8').trim().split('\n').map(Number);
  } catch {
    return [];
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function start(name: string, program: string, flags: Readonly<Record<string, string>>): ChildProcess {
  const log = openSync(join(run, `${name}.log`), 'w');
  const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  return spawn(program, args, { stdio: ['ignore', log, log] });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
