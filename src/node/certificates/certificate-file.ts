import { type Certificate, parseCertificate } from '../../wire/pki/certificate.ts';
import { type KeyPair, parseKeyPair, privateKeyPem } from '../../wire/pki/key-pair.ts';
import type { Files } from '../host/host.ts';

/** A certificate with its key, as TLS takes them. */
export interface CertificatePair {
  readonly certificate: Certificate;
  readonly keyPair: KeyPair;
  /** The certificate and behind it the key, PEM: what the file holds. */
  readonly pem: string;
}

export function certificatePair(certificate: Certificate, keyPair: KeyPair): CertificatePair {
  return { certificate, keyPair, pem: certificate.pem + privateKeyPem(keyPair) };
}

/** What is asked for with one request. */
export interface PendingRequest {
  readonly keyPair: KeyPair;
  /** Tells this request from earlier ones, by whatever key. */
  readonly id: string;
}

/** One file for both, so that they are replaced together and nobody ever sees one without the other. */
export class CertificateFile {
  readonly path: string;
  readonly #files: Files;

  constructor(files: Files, path: string) {
    this.#files = files;
    this.path = path;
  }

  /** Undefined when there is none, or what is there is damaged: another one can be had. */
  async read(): Promise<CertificatePair | undefined> {
    const pem = await this.#text(this.path);
    if (pem === undefined) return undefined;
    try {
      const pair = certificatePair(parseCertificate(pem), parseKeyPair(pem));
      return pair.certificate.x509.checkPrivateKey(pair.keyPair.privateKey) ? pair : undefined;
    } catch {
      return undefined;
    }
  }

  async write(pair: CertificatePair): Promise<void> {
    await this.#files.write(this.path, pair.pem, 0o600);
    await this.dropPendingRequest();
  }

  /** The key for which a certificate has been asked: whoever was interrupted asks for the same again. */
  async pendingRequest(make: () => PendingRequest): Promise<PendingRequest> {
    const known = await this.#text(this.#pendingPath);
    if (known !== undefined) {
      try {
        return { keyPair: parseKeyPair(known), id: known.slice(0, known.indexOf('\n')) };
      } catch {
        // Damaged: another one is as good.
      }
    }
    const made = make();
    await this.#files.write(this.#pendingPath, `${made.id}\n${privateKeyPem(made.keyPair)}`, 0o600);
    return made;
  }

  async dropPendingRequest(): Promise<void> {
    await this.#files.remove(this.#pendingPath);
  }

  get #pendingPath(): string {
    return `${this.path}.pending`;
  }

  async #text(path: string): Promise<string | undefined> {
    try {
      return Buffer.from(await this.#files.read(path)).toString('utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}
