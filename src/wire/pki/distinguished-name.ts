import { DerError, readDer, readObjectIdentifier, readText } from './der-reader.ts';
import { derWriter as der } from './der-writer.ts';
import { objectIdentifiers } from './object-identifiers.ts';

/** One part of a name, such as `O=system:nodes`. */
export interface NameAttribute {
  /** Dotted. */
  readonly identifier: string;
  readonly text: string;
}

/** The names that Kubernetes reads a user from: CN is the user, each O a group. */
export interface CertificateSubject {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

/** The attributes that a signer takes over from a request, in the order in which Go's x509 package writes them. */
const customary = [
  objectIdentifiers.country,
  objectIdentifiers.organization,
  objectIdentifiers.organizationalUnit,
  objectIdentifiers.locality,
  objectIdentifiers.province,
  objectIdentifiers.streetAddress,
  objectIdentifiers.postalCode,
  objectIdentifiers.commonName,
  objectIdentifiers.serialNumber,
] as const satisfies readonly string[];

/** The attributes of a name, from the content of its sequence. */
export function readName(name: Uint8Array): readonly NameAttribute[] {
  return readDer(name)
    .flatMap((set) => readDer(set.content))
    .map((attribute) => {
      const [type, value] = readDer(attribute.content);
      if (type === undefined || value === undefined) throw new DerError('a name is cut short');
      return { identifier: readObjectIdentifier(type.content), text: readText(value) };
    });
}

/** User and groups of a name; of several common names the last counts, as in Go. */
export function subjectOf(name: readonly NameAttribute[]): CertificateSubject {
  const texts = (wanted: string) => name.flatMap(({ identifier, text }) => (identifier === wanted ? [text] : []));
  return {
    commonName: texts(objectIdentifiers.commonName).at(-1) ?? '',
    organizations: texts(objectIdentifiers.organization),
  };
}

/** The name of a subject: organisations first, the common name last. */
export function nameOf({ commonName, organizations }: CertificateSubject): readonly NameAttribute[] {
  return [
    ...organizations.map((text) => ({ identifier: objectIdentifiers.organization, text })),
    ...(commonName === '' ? [] : [{ identifier: objectIdentifiers.commonName, text: commonName }]),
  ];
}

/** What of a requested name goes into a certificate: the customary attributes, in their customary order. */
export function customaryName(name: readonly NameAttribute[]): readonly NameAttribute[] {
  return customary.flatMap((wanted) => {
    const found = name.filter(({ identifier }) => identifier === wanted);
    return wanted === objectIdentifiers.commonName || wanted === objectIdentifiers.serialNumber
      ? found.slice(-1)
      : found;
  });
}

/** The whole element of a name. */
export function nameDer(name: readonly NameAttribute[]): Buffer {
  return der.sequence(
    ...name.map(({ identifier, text }) =>
      der.set(der.sequence(der.objectIdentifier(identifier), der.utf8String(text))),
    ),
  );
}
