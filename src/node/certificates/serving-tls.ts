import type { Environment, Timer } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { ServerTls } from '../../wire/http-server.ts';
import { parseCertificate } from '../../wire/pki/certificate.ts';
import { CertificateAuthority } from '../../wire/pki/certificate-authority.ts';
import { parseKeyPair } from '../../wire/pki/key-pair.ts';
import type { Files } from '../host/host.ts';

export interface ServingTlsOptions {
  readonly environment: Environment;
  readonly logger: Logger;
  readonly files: Pick<Files, 'read'>;
  /** PEM files: certificate and key may be one, and need not be there yet. */
  readonly certificate: string;
  readonly key: string;
  /** By which clients are known. */
  readonly authority: string;
}

export type NodeTls = ServerTls & { readonly clientAuthorityPem: string };

const lookEveryMs = 2_000;
const dayMs = 24 * 3600_000;

/** The TLS of a node's API, from files that are renewed while it is served. */
export class ServingTls {
  readonly #options: ServingTlsOptions;
  #current: NodeTls | undefined;
  #timer: Timer | undefined;
  #changed: ((tls: NodeTls) => void) | undefined;
  #isStopped = false;

  constructor(options: ServingTlsOptions) {
    this.#options = options;
  }

  /**
   * What to begin with. Until there is a certificate one that nobody trusts stands in for it: the port must be open before the node can
   * tell of its addresses, and before it has told of them nobody can issue the real one.
   */
  async read(): Promise<NodeTls> {
    this.#current = (await this.#fromFiles()) ?? (await this.#placeholder());
    return this.#current;
  }

  /** Tells of every change from now on, within seconds. */
  follow(changed: (tls: NodeTls) => void): void {
    this.#changed = changed;
    this.#lookLater();
  }

  /** Looks at once: the files have just been written. */
  async look(): Promise<void> {
    try {
      const found = await this.#fromFiles();
      if (found === undefined || isSame(found, this.#current)) return;
      this.#current = found;
      this.#changed?.(found);
    } catch (err) {
      this.#options.logger.warn('the certificate of the node was not read again', { err });
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #lookLater(): void {
    if (this.#isStopped) return;
    this.#timer = this.#options.environment.setTimer(lookEveryMs, () => void this.look().then(() => this.#lookLater()));
  }

  /** Undefined while a file is missing, or one is replaced already and the other not yet. */
  async #fromFiles(): Promise<NodeTls | undefined> {
    const { certificate, key, authority } = this.#options;
    try {
      const [certificatePem, keyPem, clientAuthorityPem] = await Promise.all(
        [certificate, key, authority].map((path) => this.#text(path)),
      );
      if (certificatePem === undefined || keyPem === undefined || clientAuthorityPem === undefined) return undefined;
      if (!parseCertificate(certificatePem).x509.checkPrivateKey(parseKeyPair(keyPem).privateKey)) return undefined;
      return { certificatePem, keyPem, clientAuthorityPem };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async #placeholder(): Promise<NodeTls> {
    const { environment, authority } = this.#options;
    const own = CertificateAuthority.create(environment, { commonName: 'not-issued-yet', validityMs: dayMs });
    return {
      certificatePem: own.certificate.pem,
      keyPem: own.keyPem,
      clientAuthorityPem: await this.#text(authority),
    };
  }

  async #text(path: string): Promise<string> {
    return Buffer.from(await this.#options.files.read(path)).toString('utf8');
  }
}

function isSame(one: NodeTls, other: NodeTls | undefined): boolean {
  return (
    one.certificatePem === other?.certificatePem &&
    one.keyPem === other.keyPem &&
    one.clientAuthorityPem === other.clientAuthorityPem
  );
}
