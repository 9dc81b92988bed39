import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../machinery/environment/environment.ts';
import { type Certificate, parseCertificate } from '../../wire/pki/certificate.ts';
import { CertificateAuthority, type LeafOptions } from '../../wire/pki/certificate-authority.ts';
import { certificateValidity } from '../../wire/pki/certificate-validity.ts';
import { generateKeyPair, type KeyPair, parseKeyPair, privateKeyPem } from '../../wire/pki/key-pair.ts';
import { type DataDirectory, DataDirectoryError } from './data-directory.ts';

/** A certificate and its key, as TLS takes them. */
export interface TlsPair {
  readonly certificatePem: string;
  readonly keyPem: string;
}

const dayMs = 24 * 3600_000;
const authorityValidityMs = 3650 * dayMs;
/**
 * An authority with less time left than this gets another certificate for the same key. Certificates that it has issued hold on, and
 * whoever knows the old one has as long to learn of the new one.
 */
const renewAuthorityBeforeMs = 730 * dayMs;
const leafValidityMs = 365 * dayMs;
/** A certificate with less time left than this is made anew when it is asked for. */
const renewBeforeMs = 60 * dayMs;

/** The cluster's keys and certificates on disk; whatever is missing, damaged, about to end or for other names is made anew. */
export class PkiFiles {
  readonly #directory: DataDirectory;
  readonly #environment: Environment;
  readonly authority: CertificateAuthority;
  /** Of another authority, for who is let in by it speaks for others: no certificate of a client or node may do that. */
  readonly frontProxyAuthorityPem: string;
  readonly serviceAccountKey: KeyPair;

  constructor(directory: DataDirectory, environment: Environment) {
    this.#directory = directory;
    this.#environment = environment;
    this.authority = this.#loadAuthority('ca', 'stuurman-ca');
    this.frontProxyAuthorityPem = this.#loadAuthority('front-proxy-ca', 'stuurman-front-proxy-ca').certificate.pem;
    this.serviceAccountKey = this.#loadServiceAccountKey();
  }

  get authorityPem(): string {
    return this.authority.certificate.pem;
  }

  get authorityFile(): string {
    return this.#file('ca.crt');
  }

  /** Where the certificate of this name is, with its key behind it: one file, so that whoever follows it sees both change together. */
  leafFile(name: string): string {
    return this.#file(`${name}.pem`);
  }

  /** The certificate of this name; `options` say what it must be good for. */
  leaf(name: string, options: Omit<LeafOptions, 'validityMs'>): TlsPair {
    const found = this.#readLeaf(name);
    if (found !== undefined && this.#isGood(found.certificate, options)) return found;
    const made = this.authority.issue({ ...options, validityMs: leafValidityMs });
    this.#directory.write(this.leafFile(name), made.certificate.pem + made.keyPem);
    return { certificatePem: made.certificate.pem, keyPem: made.keyPem };
  }

  #readLeaf(name: string): (TlsPair & { readonly certificate: Certificate }) | undefined {
    const file = this.leafFile(name);
    if (!existsSync(file)) return undefined;
    try {
      const pem = readFileSync(file, 'utf8');
      const certificate = parseCertificate(pem);
      const { privateKey, publicKey } = parseKeyPair(pem);
      if (!certificate.x509.checkPrivateKey(privateKey)) return undefined;
      return { certificate, certificatePem: certificate.pem, keyPem: privateKeyPem({ privateKey, publicKey }) };
    } catch {
      // It is damaged, and another one is as good.
      return undefined;
    }
  }

  #isGood(certificate: Certificate, options: Omit<LeafOptions, 'validityMs'>): boolean {
    const { state, remainingMs } = certificateValidity(certificate, this.#environment.now());
    if (state !== 'valid' || remainingMs < renewBeforeMs) return false;
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

  #loadAuthority(name: string, commonName: string): CertificateAuthority {
    const files = { certificate: this.#file(`${name}.crt`), key: this.#file(`${name}.key`) };
    const found = existsSync(files.certificate)
      ? undamaged(files.certificate, () =>
          CertificateAuthority.load(
            this.#environment,
            readFileSync(files.certificate, 'utf8'),
            readFileSync(files.key, 'utf8'),
          ),
        )
      : undefined;
    if (found !== undefined && this.#isLasting(found)) return found;
    const made = CertificateAuthority.create(this.#environment, {
      commonName: found?.certificate.subject.commonName ?? commonName,
      validityMs: authorityValidityMs,
      keyPair: found?.keyPair,
    });
    if (found === undefined) this.#directory.write(files.key, made.keyPem);
    this.#directory.write(files.certificate, made.certificate.pem, 0o644);
    return made;
  }

  #isLasting({ certificate }: CertificateAuthority): boolean {
    const { state, remainingMs } = certificateValidity(certificate, this.#environment.now());
    return state === 'valid' && remainingMs >= renewAuthorityBeforeMs;
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
