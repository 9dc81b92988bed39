import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateAuthority } from '../../src/wire/pki/certificate-authority.ts';
import type { ContainerdFixture } from './containerd-fixture.ts';

/** `alice` with the password `wonderland`, as htpasswd writes it by bcrypt. */
const passwords = 'alice:$2b$05$jDI8ytDbozv2v/9NeJWo6OKTZGBr97hmlS3Ap9W9VrhfH20cqWhqW\n';
export const alice = { username: 'alice', password: 'wonderland' } as const;

interface RegistryOptions {
  /** By a certificate authority of its own. */
  readonly tls: boolean;
  /** The registry whose images it has, too. */
  readonly images?: RegistryFixture;
}

const dayMs = 86_400_000;

/** Debian's docker-registry on loopback, for who logs in. */
export class RegistryFixture {
  /** `127.0.0.1:PORT`, as it stands in the names of images. */
  readonly host: string;
  readonly authorityPem: string;
  readonly #directory: string;
  readonly #process: ChildProcess;

  private constructor(host: string, authorityPem: string, directory: string, process: ChildProcess) {
    this.host = host;
    this.authorityPem = authorityPem;
    this.#directory = directory;
    this.#process = process;
  }

  static async start({ environment }: ContainerdFixture, { tls, images }: RegistryOptions): Promise<RegistryFixture> {
    const directory = mkdtempSync(join(tmpdir(), 'stuurman-registry-'));
    const authority = CertificateAuthority.create(environment, { commonName: 'registry-ca', validityMs: dayMs });
    const leaf = authority.issue({
      commonName: 'registry',
      usages: ['serverAuth'],
      ipAddresses: ['127.0.0.1'],
      validityMs: dayMs,
    });
    const path = (name: string) => join(directory, name);
    writeFileSync(path('tls.crt'), leaf.certificate.pem);
    writeFileSync(path('tls.key'), leaf.keyPem);
    writeFileSync(path('passwords'), passwords);
    mkdirSync(path('data'));
    const port = await freePort();
    const http = {
      addr: `127.0.0.1:${port}`,
      ...(tls && { tls: { certificate: path('tls.crt'), key: path('tls.key') } }),
    };
    const config = {
      version: 0.1,
      log: { level: 'error' },
      storage: { filesystem: { rootdirectory: images?.dataDirectory ?? path('data') } },
      auth: { htpasswd: { realm: 'test', path: path('passwords') } },
      http,
    };
    // What is JSON is YAML.
    writeFileSync(path('config.yml'), JSON.stringify(config));
    const process = spawn('docker-registry', ['serve', path('config.yml')], { stdio: 'ignore' });
    const fixture = new RegistryFixture(`127.0.0.1:${port}`, authority.certificate.pem, directory, process);
    await fixture.#answers(port);
    return fixture;
  }

  get dataDirectory(): string {
    return join(this.#directory, 'data');
  }

  /** Puts an image of the node into the registry; answers its name there. */
  async push(fixture: ContainerdFixture, image: string, name: string): Promise<string> {
    const target = `${this.host}/${name}`;
    const ctr = ['ctr', '--address', fixture.containerd.socketPath, '--namespace', 'k8s.io', 'images'];
    const { processes } = fixture.host;
    await processes.run([...ctr, 'tag', '--force', image, target]);
    const login = ['--user', `${alice.username}:${alice.password}`];
    const push = () => processes.run([...ctr, 'push', '--plain-http', ...login, target]);
    // A containerd that has only just imported the image may break off what it gives of it.
    await push().catch(push);
    await processes.run([...ctr, 'rm', target]);
    return target;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill();
    await ended;
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #answers(port: number): Promise<void> {
    for (let tries = 0; tries < 400; tries++) {
      if (this.#process.exitCode !== null) throw new Error(`docker-registry ended with ${this.#process.exitCode}`);
      const open = await new Promise<boolean>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => resolve(socket.destroy() !== undefined));
        socket.once('error', () => resolve(false));
      });
      if (open) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error('docker-registry does not answer');
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
