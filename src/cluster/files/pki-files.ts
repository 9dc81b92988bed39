import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../machinery/environment/environment.ts';
import { parseCertificate } from '../../wire/pki/certificate.ts';
import { CertificateAuthority, type LeafOptions } from '../../wire/pki/certificate-authority.ts';
import { generateKeyPair, type KeyPair, parseKeyPair, privateKeyPem } from '../../wire/pki/key-pair.ts';
import { type DataDirectory, DataDirectoryError } from './data-directory.ts';

/** A certificate and its key, as TLS takes them. */
export interface TlsPair {
  readonly certificatePem: string;
  readonly keyPem: string;
}

const dayMs = 24 * 3600_000;
const authorityValidityMs = 3650 * dayMs;
const leafValidityMs = 365 * dayMs;
/** A certificate with less time left than this is made anew when it is asked for. */
const renewBeforeMs = 60 * dayMs;

/** The cluster's keys and certificates on disk; whatever is missing, about to end or for other names is made anew. */
export class PkiFiles {
  readonly #directory: DataDirectory;
  readonly #environment: Environment;
  readonly authority: CertificateAuthority;
  readonly serviceAccountKey: KeyPair;

  constructor(directory: DataDirectory, environment: Environment) {
    this.#directory = directory;
    this.#environment = environment;
    this.authority = this.#loadAuthority();
    this.serviceAccountKey = this.#loadServiceAccountKey();
  }

  get authorityPem(): string {
    return this.authority.certificate.pem;
  }

  /** The certificate of this name; `options` say what it must be good for. */
  leaf(name: string, options: Omit<LeafOptions, 'validityMs'>): TlsPair {
    const files = { certificate: this.#file(`${name}.crt`), key: this.#file(`${name}.key`) };
    if (existsSync(files.certificate) && existsSync(files.key)) {
      const found = {
        certificatePem: readFileSync(files.certificate, 'utf8'),
        keyPem: readFileSync(files.key, 'utf8'),
      };
      if (this.#isGood(found.certificatePem, options)) return found;
    }
    const made = this.authority.issue({ ...options, validityMs: leafValidityMs });
    this.#directory.write(files.key, made.keyPem);
    this.#directory.write(files.certificate, made.certificate.pem, 0o644);
    return { certificatePem: made.certificate.pem, keyPem: made.keyPem };
  }

  #isGood(certificatePem: string, options: Omit<LeafOptions, 'validityMs'>): boolean {
    const certificate = parseCertificate(certificatePem);
    if (certificate.notAfterMs - this.#environment.now() < renewBeforeMs) return false;
    if (!certificate.x509.verify(this.authority.certificate.x509.publicKey)) return false;
    const named = certificate.x509.subjectAltName ?? '';
    const names = [
      ...(options.dnsNames ?? []).map((name) => `DNS:${name}`),
      ...(options.ipAddresses ?? []).map((ip) => `IP Address:${ip}`),
    ];
    return (
      certificate.subject.commonName === options.commonName && names.every((name) => named.split(', ').includes(name))
    );
  }

  #loadAuthority(): CertificateAuthority {
    const files = { certificate: this.#file('ca.crt'), key: this.#file('ca.key') };
    if (existsSync(files.certificate)) {
      return undamaged(files.certificate, () =>
        CertificateAuthority.load(
          this.#environment,
          readFileSync(files.certificate, 'utf8'),
          readFileSync(files.key, 'utf8'),
        ),
      );
    }
    const made = CertificateAuthority.create(this.#environment, {
      commonName: 'stuurman-ca',
      validityMs: authorityValidityMs,
    });
    this.#directory.write(files.key, made.keyPem);
    this.#directory.write(files.certificate, made.certificate.pem, 0o644);
    return made;
  }

  #loadServiceAccountKey(): KeyPair {
    const file = this.#file('service-account.key');
    if (existsSync(file)) return undamaged(file, () => parseKeyPair(readFileSync(file, 'utf8')));
    const made = generateKeyPair(this.#environment);
    this.#directory.write(file, privateKeyPem(made));
    return made;
  }

  #file(name: string): string {
    return join(this.#directory.pki, name);
  }
}

/** What cannot be made anew without breaking trust in the cluster is never replaced on its own. */
function undamaged<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataDirectoryError(
      `${file}, or the key beside it, is damaged (${reason}): restore both from a backup, or run "stuurman down --purge" to begin anew`,
      { cause: error },
    );
  }
}
