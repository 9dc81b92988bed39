import { createHash, type KeyObject, sign } from 'node:crypto';
import type { Clock, RandomSource } from '../environment.ts';
import { type AlternativeNames, alternativeNamesDer, noAlternativeNames } from './alternative-names.ts';
import { type Certificate, parseCertificate } from './certificate.ts';
import { readDer } from './der-reader.ts';
import { derWriter as der } from './der-writer.ts';
import { type NameAttribute, nameDer, nameOf } from './distinguished-name.ts';
import { extensionDer } from './extension.ts';
import { generateKeyPair, type KeyPair, parseKeyPair, privateKeyPem } from './key-pair.ts';
import { objectIdentifiers } from './object-identifiers.ts';
import { signatureAlgorithmDer, signatureDigest } from './signature-algorithms.ts';

/** What a leaf certificate says. */
export interface LeafOptions {
  readonly commonName: string;
  readonly organizations?: readonly string[] | undefined;
  readonly usages: readonly ('serverAuth' | 'clientAuth')[];
  readonly dnsNames?: readonly string[] | undefined;
  readonly ipAddresses?: readonly string[] | undefined;
  readonly validityMs: number;
}

/** What a certificate says, to the last detail. */
export interface CertificateContent {
  readonly name: readonly NameAttribute[];
  readonly alternativeNames: AlternativeNames;
  /** Numbers of the bits of `KeyUsage` (RFC 5280 4.2.1.3): 0 digitalSignature, 2 keyEncipherment, ... */
  readonly keyUsages: readonly number[];
  /** Object identifiers. */
  readonly extendedKeyUsages: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
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
    const name = nameOf({ commonName: options.commonName, organizations: [] });
    const now = environment.now();
    const bytes = signedCertificate(environment, { name: nameDer(name), ...keyPair }, keyPair.publicKey, {
      name: nameDer(name),
      notBeforeMs: now - backdateMs,
      notAfterMs: now + options.validityMs,
      extensions: [
        extensionDer(objectIdentifiers.basicConstraints, true, der.sequence(der.boolean(true))),
        keyUsageDer([0, 2, 5]),
      ],
    });
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
    const { commonName, organizations = [], dnsNames = [], ipAddresses = [], usages, validityMs } = options;
    const now = this.#environment.now();
    const content: CertificateContent = {
      name: nameOf({ commonName, organizations }),
      alternativeNames: { ...noAlternativeNames, dnsNames, ipAddresses },
      keyUsages: [0, 2],
      extendedKeyUsages: usages.map((usage) => objectIdentifiers[usage]),
      notBeforeMs: now - backdateMs,
      notAfterMs: now + validityMs,
    };
    return this.certify(content, publicKey);
  }

  /** A certificate that says exactly this, but ends no later than the authority's own. */
  certify(content: CertificateContent, publicKey: KeyObject): Certificate {
    const issuer = { name: subjectDer(this.certificate), ...this.keyPair };
    return parseCertificate(
      signedCertificate(this.#environment, issuer, publicKey, {
        name: nameDer(content.name),
        notBeforeMs: content.notBeforeMs,
        notAfterMs: Math.min(content.notAfterMs, this.certificate.notAfterMs),
        extensions: leafExtensions(content),
      }),
    );
  }
}

interface Issuer extends KeyPair {
  readonly name: Uint8Array;
}

interface Body {
  readonly name: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly extensions: readonly Uint8Array[];
}

function signedCertificate(environment: RandomSource, issuer: Issuer, publicKey: KeyObject, body: Body): Buffer {
  const algorithm = signatureAlgorithmDer(issuer.privateKey);
  const serial = environment.randomBytes(16);
  // Positive, and never all zero: RFC 5280 4.1.2.2.
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const toBeSigned = der.sequence(
    der.explicit(0, der.integer(2)),
    der.integer(serial),
    algorithm,
    issuer.name,
    der.sequence(der.time(body.notBeforeMs), der.time(body.notAfterMs)),
    body.name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der.explicit(
      3,
      der.sequence(
        ...body.extensions,
        extensionDer(objectIdentifiers.subjectKeyIdentifier, false, der.octetString(keyIdentifier(publicKey))),
        extensionDer(
          objectIdentifiers.authorityKeyIdentifier,
          false,
          der.sequence(der.implicit(0, keyIdentifier(issuer.publicKey))),
        ),
      ),
    ),
  );
  return der.sequence(
    toBeSigned,
    algorithm,
    der.bitString(sign(signatureDigest(issuer.privateKey), toBeSigned, issuer.privateKey)),
  );
}

function leafExtensions({ keyUsages, extendedKeyUsages, alternativeNames }: CertificateContent): readonly Uint8Array[] {
  const names = alternativeNamesDer(alternativeNames);
  const identifiers = extendedKeyUsages.map((usage) => der.objectIdentifier(usage));
  return [
    extensionDer(objectIdentifiers.basicConstraints, true, der.sequence()),
    ...(keyUsages.length === 0 ? [] : [keyUsageDer(keyUsages)]),
    ...(identifiers.length === 0
      ? []
      : [extensionDer(objectIdentifiers.extendedKeyUsage, false, der.sequence(...identifiers))]),
    ...(names === undefined ? [] : [extensionDer(objectIdentifiers.subjectAlternativeName, false, names)]),
  ];
}

function keyUsageDer(bits: readonly number[]): Buffer {
  const highest = Math.max(...bits);
  const bytes = Buffer.alloc((highest >> 3) + 1);
  for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return extensionDer(objectIdentifiers.keyUsage, true, der.bitString(bytes, 7 - (highest & 7)));
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
