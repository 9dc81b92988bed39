import { execFile } from 'node:child_process';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { ExecPlugin, KubeconfigCluster } from './kubeconfig.ts';

export interface ExecCredential {
  readonly token: string | undefined;
  readonly certificatePem: string | undefined;
  readonly keyPem: string | undefined;
  /** Wall clock; undefined: until the server refuses it. */
  readonly expiresAtMs: number | undefined;
}

/** A program that waits for a person, or hangs, is ended after this. */
const timeoutMs = 60_000;
const outputBytes = 1024 * 1024;

/** Credentials from an exec plugin (`client.authentication.k8s.io/v1`): asked for once, again when they run out or are refused. */
export class ExecCredentials {
  readonly #environment: Environment;
  readonly #plugin: ExecPlugin;
  readonly #cluster: KubeconfigCluster;
  #current: ExecCredential | undefined;
  #asking: Promise<ExecCredential> | undefined;

  constructor(environment: Environment, plugin: ExecPlugin, cluster: KubeconfigCluster) {
    this.#environment = environment;
    this.#plugin = plugin;
    this.#cluster = cluster;
  }

  /** What was got last, if anything. */
  get current(): ExecCredential | undefined {
    return this.#current;
  }

  /** Throws an error that names the program and what went wrong. */
  async get(): Promise<ExecCredential> {
    const { expiresAtMs } = this.#current ?? {};
    const expired = expiresAtMs !== undefined && expiresAtMs <= this.#environment.now();
    if (this.#current !== undefined && !expired) return this.#current;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    this.#current = await this.#asking;
    return this.#current;
  }

  /** The server refused them: the next `get` asks the program. Always true. */
  invalidate(): boolean {
    this.#current = undefined;
    return true;
  }

  async #ask(): Promise<ExecCredential> {
    const { command, installHint } = this.#plugin;
    let output: string;
    try {
      output = await this.#run();
    } catch (error) {
      const hint = installHint === undefined ? '' : `\n\n${installHint}`;
      throw new Error(`getting credentials: exec: ${describe(error, command)}${hint}`, { cause: error });
    }
    return parseCredential(output, command, this.#plugin.apiVersion);
  }

  #run(): Promise<string> {
    const { command, args, env } = this.#plugin;
    const variables = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]));
    return new Promise((resolve, reject) => {
      const child = execFile(
        command,
        [...(args ?? [])],
        {
          env: { ...process.env, ...variables, KUBERNETES_EXEC_INFO: JSON.stringify(this.#execInfo()) },
          timeout: timeoutMs,
          maxBuffer: outputBytes,
        },
        (error, stdout) => (error === null ? resolve(stdout) : reject(error)),
      );
      child.stdin?.end();
      child.stderr?.pipe(process.stderr, { end: false });
    });
  }

  #execInfo(): object {
    const { apiVersion, provideClusterInfo } = this.#plugin;
    const cluster = this.#cluster;
    const info = {
      server: cluster.server,
      'tls-server-name': cluster['tls-server-name'],
      'insecure-skip-tls-verify': cluster['insecure-skip-tls-verify'],
      'certificate-authority-data': cluster['certificate-authority-data'],
    };
    return {
      apiVersion,
      kind: 'ExecCredential',
      spec: { interactive: false, ...(provideClusterInfo === true ? { cluster: info } : {}) },
    };
  }
}

function parseCredential(output: string, command: string, apiVersion: string): ExecCredential {
  const problem = (what: string) => new Error(`exec plugin ${command}: ${what}`);
  let value: unknown;
  try {
    value = JSON.parse(output);
  } catch (error) {
    throw problem(`its output is not JSON: ${(error as Error).message}`);
  }
  const {
    kind,
    apiVersion: said,
    status,
  } = (value ?? {}) as { kind?: unknown; apiVersion?: unknown; status?: unknown };
  if (kind !== 'ExecCredential') throw problem('its output is not an ExecCredential');
  if (said !== apiVersion)
    throw problem(`it is configured to use API version ${apiVersion}, plugin returned version ${said}`);
  const fields = (status ?? {}) as Readonly<Record<string, unknown>>;
  const text = (name: string) => (typeof fields[name] === 'string' && fields[name] !== '' ? fields[name] : undefined);
  const credential = {
    token: text('token'),
    certificatePem: text('clientCertificateData'),
    keyPem: text('clientKeyData'),
    expiresAtMs: text('expirationTimestamp') === undefined ? undefined : Date.parse(text('expirationTimestamp') ?? ''),
  };
  if (credential.token === undefined && credential.certificatePem === undefined)
    throw problem("it didn't return a token or cert/key pair");
  if ((credential.certificatePem === undefined) !== (credential.keyPem === undefined))
    throw problem('it returned only one of certificate and key');
  return credential;
}

function describe(error: unknown, command: string): string {
  const { code, message, killed } = error as NodeJS.ErrnoException & { killed?: boolean };
  if (code === 'ENOENT') return `executable ${command} not found`;
  if (killed === true) return `executable ${command} did not finish within ${timeoutMs / 1000} s`;
  return typeof code === 'number' ? `executable ${command} failed with exit code ${code}` : message;
}
