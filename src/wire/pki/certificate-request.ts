import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import {
  type AlternativeNames,
  alternativeNamesDer,
  noAlternativeNames,
  readAlternativeNames,
} from './alternative-names.ts';
import { type DerElement, DerError, readDer, readFirstDer, readObjectIdentifier } from './der-reader.ts';
import { derWriter as der } from './der-writer.ts';
import {
  type CertificateSubject,
  type NameAttribute,
  nameDer,
  nameOf,
  readName,
  subjectOf,
} from './distinguished-name.ts';
import { extensionDer } from './extension.ts';
import type { KeyPair } from './key-pair.ts';
import { objectIdentifiers } from './object-identifiers.ts';
import { pemBlocks, toPem } from './pem.ts';
import { signatureAlgorithmDer, signatureDigest, verifiableSignature } from './signature-algorithms.ts';

/** A PKCS#10 request (RFC 2986), read. */
export interface CertificateRequest {
  readonly name: readonly NameAttribute[];
  readonly subject: CertificateSubject;
  readonly alternativeNames: AlternativeNames;
  /** The subject's public key. */
  readonly publicKey: KeyObject;
  /** Why the request does not prove that its maker has the private key, in the words of Go's x509 package; undefined when it does. */
  signatureProblem(): string | undefined;
}

export interface CertificateRequestOptions extends CertificateSubject {
  readonly dnsNames?: readonly string[] | undefined;
  readonly ipAddresses?: readonly string[] | undefined;
}

/** A request for a certificate of this key, PEM. */
export function createCertificateRequest(
  options: CertificateRequestOptions,
  { publicKey, privateKey }: KeyPair,
): string {
  const { dnsNames = [], ipAddresses = [] } = options;
  const names = alternativeNamesDer({ ...noAlternativeNames, dnsNames, ipAddresses });
  const attributes =
    names === undefined
      ? []
      : [
          der.sequence(
            der.objectIdentifier(objectIdentifiers.extensionRequest),
            der.set(der.sequence(extensionDer(objectIdentifiers.subjectAlternativeName, false, names))),
          ),
        ];
  const information = der.sequence(
    der.integer(0),
    nameDer(nameOf(options)),
    publicKey.export({ type: 'spki', format: 'der' }),
    der.explicit(0, ...attributes),
  );
  const signature = der.bitString(sign(signatureDigest(privateKey), information, privateKey));
  return toPem('CERTIFICATE REQUEST', der.sequence(information, signatureAlgorithmDer(privateKey), signature));
}

/** Reads the first block of a PEM text, which must be a request. Throws an error in the words of Kubernetes or of Go's x509 package. */
export function parseCertificateRequest(pem: string): CertificateRequest {
  const [block] = pemBlocks(pem);
  if (block?.label !== 'CERTIFICATE REQUEST') throw new Error('PEM block type must be CERTIFICATE REQUEST');
  return readCertificateRequest(block.content);
}

/** The same for the bytes of a request (DER). */
export function readCertificateRequest(bytes: Uint8Array): CertificateRequest {
  try {
    return readRequest(bytes);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new Error('asn1: syntax error: data truncated', { cause: error });
  }
}

function readRequest(bytes: Uint8Array): CertificateRequest {
  const whole = readFirstDer(bytes);
  if (whole.whole.length < bytes.length) throw new Error('asn1: syntax error: trailing data');
  const [information, algorithm, signature] = elementsOf(whole);
  const [version, subject, keyInformation, attributes] = elementsOf(information);
  if (
    information === undefined ||
    algorithm === undefined ||
    signature === undefined ||
    version === undefined ||
    subject === undefined ||
    keyInformation === undefined
  )
    throw new Error('asn1: syntax error: sequence truncated');
  const name = readName(subject.content);
  const publicKey = publicKeyOf(keyInformation.whole);
  return {
    name,
    subject: subjectOf(name),
    alternativeNames: alternativeNamesOf(attributes),
    publicKey,
    signatureProblem: () => signatureProblem(information, algorithm, signature, publicKey),
  };
}

function elementsOf(element: DerElement | undefined): readonly DerElement[] {
  return element === undefined ? [] : readDer(element.content);
}

function publicKeyOf(spki: Buffer): KeyObject {
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch (error) {
    throw new Error('x509: invalid or unsupported public key', { cause: error });
  }
}

/** Those of the extensions that the request asks for (RFC 2985 5.4.2). */
function alternativeNamesOf(attributes: DerElement | undefined): AlternativeNames {
  for (const attribute of elementsOf(attributes)) {
    const [type, values] = readDer(attribute.content);
    if (type === undefined || readObjectIdentifier(type.content) !== objectIdentifiers.extensionRequest) continue;
    for (const extension of elementsOf(values).flatMap((list) => readDer(list.content))) {
      const [identifier, ...rest] = readDer(extension.content);
      const value = rest.at(-1);
      if (identifier === undefined || value === undefined) throw new DerError('extension truncated');
      if (readObjectIdentifier(identifier.content) === objectIdentifiers.subjectAlternativeName)
        return readAlternativeNames(value.content);
    }
  }
  return noAlternativeNames;
}

function signatureProblem(
  information: DerElement,
  algorithm: DerElement,
  signature: DerElement,
  publicKey: KeyObject,
): string | undefined {
  const [identifier] = readDer(algorithm.content);
  const found = verifiableSignature(
    identifier === undefined ? '' : readObjectIdentifier(identifier.content),
    publicKey,
  );
  if ('problem' in found) return found.problem;
  const bits = signature.content.subarray(1);
  try {
    if (verify(found.digest, information.whole, publicKey, bits)) return undefined;
  } catch {
    // A signature that is not even of the right form is none.
  }
  return found.failure;
}
