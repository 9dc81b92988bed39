import { createHash, X509Certificate } from 'node:crypto';
import { type AlternativeNames, noAlternativeNames, readAlternativeNames } from './alternative-names.ts';
import { type DerElement, DerError, readDer, readObjectIdentifier, readTime } from './der-reader.ts';
import { type CertificateSubject, readName, subjectOf } from './distinguished-name.ts';
import { objectIdentifiers } from './object-identifiers.ts';
import { parsePem, toPem } from './pem.ts';

/** A certificate, read. */
export interface Certificate {
  readonly der: Buffer;
  readonly pem: string;
  readonly subject: CertificateSubject;
  readonly issuer: CertificateSubject;
  readonly alternativeNames: AlternativeNames;
  /** Upper-case hexadecimal, as openssl prints it. */
  readonly serialNumber: string;
  /** Milliseconds since 1970 UTC. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** SHA-256 of the whole certificate in lower-case hexadecimal, as in the credential id `X509SHA256=...`. */
  readonly fingerprint: string;
  readonly isAuthority: boolean;
  /** In node:crypto's form, for keys, names and signatures. */
  readonly x509: X509Certificate;
}

/** Reads one certificate, DER or the first of a PEM text. Throws an error that says what is wrong with it. */
export function parseCertificate(data: string | Uint8Array): Certificate {
  const der = typeof data === 'string' ? parsePem(data, 'CERTIFICATE')[0] : Buffer.from(data);
  if (der === undefined) throw new Error('no certificate in the PEM text');
  return certificateOf(der);
}

function certificateOf(der: Buffer): Certificate {
  const x509 = new X509Certificate(der);
  return {
    ...fieldsOf(der),
    der,
    pem: toPem('CERTIFICATE', der),
    serialNumber: x509.serialNumber,
    fingerprint: createHash('sha256').update(der).digest('hex'),
    isAuthority: x509.ca,
    x509,
  };
}

/**
 * Read from the bytes and not from node:crypto's text form, in which a line break inside a name looks like another name.
 */
function fieldsOf(
  der: Uint8Array,
): Pick<Certificate, 'subject' | 'issuer' | 'alternativeNames' | 'notBeforeMs' | 'notAfterMs'> {
  const [certificate] = readDer(der);
  const [toBeSigned] = readDer(certificate?.content ?? der);
  const fields = readDer(toBeSigned?.content ?? der);
  // Version is `[0]` and may be absent; then serial number, signature algorithm, issuer, validity, subject.
  const [, , issuer, validity, subject] = fields[0]?.tag === 0xa0 ? fields.slice(1) : fields;
  if (issuer === undefined || validity === undefined || subject === undefined)
    throw new DerError('the certificate is cut short');
  const [notBefore, notAfter] = readDer(validity.content);
  if (notBefore === undefined || notAfter === undefined) throw new DerError('the certificate has no validity');
  return {
    issuer: subjectOf(readName(issuer.content)),
    subject: subjectOf(readName(subject.content)),
    alternativeNames: alternativeNamesOf(fields.find(({ tag }) => tag === extensionsTag)),
    notBeforeMs: readTime(notBefore),
    notAfterMs: readTime(notAfter),
  };
}

const extensionsTag = 0xa3;

function alternativeNamesOf(extensions: DerElement | undefined): AlternativeNames {
  const [list] = readDer(extensions?.content ?? Buffer.alloc(0));
  for (const extension of readDer(list?.content ?? Buffer.alloc(0))) {
    const [identifier, ...rest] = readDer(extension.content);
    const value = rest.at(-1);
    if (identifier === undefined || value === undefined) throw new DerError('the certificate has half an extension');
    if (readObjectIdentifier(identifier.content) === objectIdentifiers.subjectAlternativeName)
      return readAlternativeNames(value.content);
  }
  return noAlternativeNames;
}
