import { createHash, X509Certificate } from 'node:crypto';
import { DerError, readDer, readObjectIdentifier, readText, readTime } from './der-reader.ts';
import { objectIdentifiers } from './object-identifiers.ts';
import { parsePem, toPem } from './pem.ts';

/** The names that Kubernetes reads a user from: CN is the user, each O a group. */
export interface CertificateSubject {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

/** A certificate, read. */
export interface Certificate {
  readonly der: Buffer;
  readonly pem: string;
  readonly subject: CertificateSubject;
  readonly issuer: CertificateSubject;
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
function fieldsOf(der: Uint8Array): Pick<Certificate, 'subject' | 'issuer' | 'notBeforeMs' | 'notAfterMs'> {
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
    issuer: nameOf(issuer.content),
    subject: nameOf(subject.content),
    notBeforeMs: readTime(notBefore),
    notAfterMs: readTime(notAfter),
  };
}

function nameOf(name: Buffer): CertificateSubject {
  let commonName = '';
  const organizations: string[] = [];
  for (const attribute of readDer(name).flatMap((set) => readDer(set.content))) {
    const [type, value] = readDer(attribute.content);
    if (type === undefined || value === undefined) throw new DerError('a name of the certificate is cut short');
    const identifier = readObjectIdentifier(type.content);
    if (identifier === objectIdentifiers.commonName) commonName = readText(value);
    else if (identifier === objectIdentifiers.organization) organizations.push(readText(value));
  }
  return { commonName, organizations };
}
