import { createHash, type KeyObject, sign } from 'node:crypto';
import type { Clock, RandomSource } from '../environment.ts';
import { type Certificate, type CertificateSubject, parseCertificate } from './certificate.ts';
import { readDer } from './der-reader.ts';
import { derWriter as der } from './der-writer.ts';
import { ipAddressBytes } from './ip-address-bytes.ts';
import { generateKeyPair, type KeyPair, parseKeyPair, privateKeyPem } from './key-pair.ts';
import { objectIdentifiers } from './object-identifiers.ts';

/** What a leaf certificate says. */
export interface LeafOptions {
  readonly commonName: string;
  readonly organizations?: readonly string[] | undefined;
  readonly usages: readonly ('serverAuth' | 'clientAuth')[];
  readonly dnsNames?: readonly string[] | undefined;
  readonly ipAddresses?: readonly string[] | undefined;
  readonly validityMs: number;
}

/** A certificate and the key that goes with it, ready for TLS. */
export interface Credential {
  readonly certificate: Certificate;
  readonly keyPair: KeyPair;
  /** PKCS#8 PEM. */
  readonly keyPem: string;
}

export interface AuthorityOptions {
  readonly commonName: string;
  readonly validityMs: number;
  /** Absent: a new P-256 key. */
  readonly keyPair?: KeyPair | undefined;
}

/** Certificates are valid from a little before they are made, for clients whose clock is behind. Kubernetes' own signer does the same. */
const backdateMs = 5 * 60_000;

/** Signs certificates. All of it is synchronous, and with an RSA key the same environment gives the same bytes. */
export class CertificateAuthority {
  readonly certificate: Certificate;
  readonly keyPair: KeyPair;
  readonly #environment: Clock & RandomSource;

  constructor(environment: Clock & RandomSource, certificate: Certificate, keyPair: KeyPair) {
    if (!certificate.isAuthority)
      throw new Error(`the certificate of ${certificate.subject.commonName} may not sign others (CA:FALSE)`);
    if (!certificate.x509.checkPrivateKey(keyPair.privateKey))
      throw new Error(`the key does not belong to the certificate of ${certificate.subject.commonName}`);
    this.#environment = environment;
    this.certificate = certificate;
    this.keyPair = keyPair;
  }

  /** A new authority that signs itself. */
  static create(environment: Clock & RandomSource, options: AuthorityOptions): CertificateAuthority {
    const keyPair = options.keyPair ?? generateKeyPair(environment);
    const subject = { commonName: options.commonName, organizations: [] };
    const issuer = { subject: nameDer(subject), publicKey: keyPair.publicKey, privateKey: keyPair.privateKey };
    const extensions = [
      extension(objectIdentifiers.basicConstraints, true, der.sequence(der.boolean(true))),
      // digitalSignature, keyEncipherment, keyCertSign.
      extension(objectIdentifiers.keyUsage, true, der.bitString(Buffer.of(0b1010_0100), 2)),
    ];
    const bytes = signedCertificate(environment, issuer, subject, keyPair.publicKey, options.validityMs, extensions);
    return new CertificateAuthority(environment, parseCertificate(bytes), keyPair);
  }

  /** An authority from its PEM files. Throws an error that says what is wrong with them. */
  static load(environment: Clock & RandomSource, certificatePem: string, keyPem: string): CertificateAuthority {
    return new CertificateAuthority(environment, parseCertificate(certificatePem), parseKeyPair(keyPem));
  }

  get keyPem(): string {
    return privateKeyPem(this.keyPair);
  }

  /** A certificate with a new key. */
  issue(options: LeafOptions): Credential {
    const keyPair = generateKeyPair(this.#environment);
    return { certificate: this.sign(options, keyPair.publicKey), keyPair, keyPem: privateKeyPem(keyPair) };
  }

  /** A certificate for somebody else's key. It ends no later than the authority's own. */
  sign(options: LeafOptions, publicKey: KeyObject): Certificate {
    const subject = { commonName: options.commonName, organizations: options.organizations ?? [] };
    const issuer = {
      subject: subjectDer(this.certificate),
      publicKey: this.keyPair.publicKey,
      privateKey: this.keyPair.privateKey,
    };
    const validityMs = Math.min(options.validityMs, this.certificate.notAfterMs - this.#environment.now());
    return parseCertificate(
      signedCertificate(this.#environment, issuer, subject, publicKey, validityMs, leafExtensions(options)),
    );
  }
}

interface Issuer {
  readonly subject: Uint8Array;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

function signedCertificate(
  environment: Clock & RandomSource,
  issuer: Issuer,
  subject: CertificateSubject,
  publicKey: KeyObject,
  validityMs: number,
  extensions: readonly Uint8Array[],
): Buffer {
  const algorithm = signatureAlgorithmDer(issuer.privateKey);
  const serial = environment.randomBytes(16);
  // Positive, and never all zero: RFC 5280 4.1.2.2.
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const toBeSigned = der.sequence(
    der.explicit(0, der.integer(2)),
    der.integer(serial),
    algorithm,
    issuer.subject,
    der.sequence(der.time(environment.now() - backdateMs), der.time(environment.now() + validityMs)),
    nameDer(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der.explicit(
      3,
      der.sequence(
        ...extensions,
        extension(objectIdentifiers.subjectKeyIdentifier, false, der.octetString(keyIdentifier(publicKey))),
        extension(
          objectIdentifiers.authorityKeyIdentifier,
          false,
          der.sequence(der.implicit(0, keyIdentifier(issuer.publicKey))),
        ),
      ),
    ),
  );
  return der.sequence(toBeSigned, algorithm, der.bitString(sign('sha256', toBeSigned, issuer.privateKey)));
}

function leafExtensions(options: LeafOptions): readonly Uint8Array[] {
  const names = [
    ...(options.dnsNames ?? []).map((name) => der.implicit(2, Buffer.from(name, 'latin1'))),
    ...(options.ipAddresses ?? []).map((address) => der.implicit(7, ipAddressBytes(address))),
  ];
  const usages = options.usages.map((usage) => der.objectIdentifier(objectIdentifiers[usage]));
  return [
    extension(objectIdentifiers.basicConstraints, true, der.sequence()),
    // digitalSignature, keyEncipherment.
    extension(objectIdentifiers.keyUsage, true, der.bitString(Buffer.of(0b1010_0000), 5)),
    extension(objectIdentifiers.extendedKeyUsage, false, der.sequence(...usages)),
    ...(names.length === 0 ? [] : [extension(objectIdentifiers.subjectAlternativeName, false, der.sequence(...names))]),
  ];
}

function extension(identifier: string, critical: boolean, value: Uint8Array): Buffer {
  return der.sequence(
    der.objectIdentifier(identifier),
    ...(critical ? [der.boolean(true)] : []),
    der.octetString(value),
  );
}

/** Organisations first and the common name last, as Go's x509 package writes a name. */
function nameDer(subject: CertificateSubject): Buffer {
  const attribute = (identifier: string, text: string) =>
    der.set(der.sequence(der.objectIdentifier(identifier), der.utf8String(text)));
  return der.sequence(
    ...subject.organizations.map((each) => attribute(objectIdentifiers.organization, each)),
    attribute(objectIdentifiers.commonName, subject.commonName),
  );
}

/** The subject of a certificate byte for byte: an issuer's name must equal it, whatever string types it uses. */
function subjectDer(certificate: Certificate): Uint8Array {
  const [whole] = readDer(certificate.der);
  const [toBeSigned] = readDer(whole?.content ?? certificate.der);
  const fields = readDer(toBeSigned?.content ?? certificate.der);
  const subject = fields[fields[0]?.tag === 0xa0 ? 5 : 4];
  if (subject === undefined) throw new Error('the certificate has no subject');
  return subject.whole;
}

/** SHA-1 of the public key's bit string: the first method of RFC 5280 4.2.1.2. It names a key and protects nothing. */
function keyIdentifier(publicKey: KeyObject): Buffer {
  const [information] = readDer(publicKey.export({ type: 'spki', format: 'der' }));
  const [, key] = readDer(information?.content ?? Buffer.alloc(0));
  return createHash('sha1')
    .update(key?.content.subarray(1) ?? Buffer.alloc(0))
    .digest();
}

function signatureAlgorithmDer(key: KeyObject): Buffer {
  return key.asymmetricKeyType === 'rsa'
    ? der.sequence(der.objectIdentifier(objectIdentifiers.rsaWithSha256), der.null())
    : der.sequence(der.objectIdentifier(objectIdentifiers.ecdsaWithSha256));
}
