import { readDer } from './der-reader.ts';
import { derWriter as der } from './der-writer.ts';
import { ipAddressBytes, ipAddressText } from './ip-address-bytes.ts';

/** The names of a subject beside its distinguished name: what clients compare with the host they meant. */
export interface AlternativeNames {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uris: readonly string[];
}

export const noAlternativeNames: AlternativeNames = { dnsNames: [], ipAddresses: [], emailAddresses: [], uris: [] };

/** From the value of the extension. Names of other types are passed over. Throws `DerError`. */
export function readAlternativeNames(value: Uint8Array): AlternativeNames {
  const names = { dnsNames: [], ipAddresses: [], emailAddresses: [], uris: [] } as {
    [Kind in keyof AlternativeNames]: string[];
  };
  const [sequence] = readDer(value);
  for (const { tag, content } of readDer(sequence?.content ?? Buffer.alloc(0))) {
    const text = content.toString('latin1');
    if (tag === 0x81) names.emailAddresses.push(text);
    else if (tag === 0x82) names.dnsNames.push(text);
    else if (tag === 0x86) names.uris.push(text);
    else if (tag === 0x87) names.ipAddresses.push(ipAddressText(content));
  }
  return names;
}

/** The value of the extension; undefined when there are no names. */
export function alternativeNamesDer(names: AlternativeNames): Buffer | undefined {
  const text = (tag: number) => (name: string) => der.implicit(tag, Buffer.from(name, 'latin1'));
  const parts = [
    ...names.dnsNames.map(text(2)),
    ...names.emailAddresses.map(text(1)),
    ...names.ipAddresses.map((address) => der.implicit(7, ipAddressBytes(address))),
    ...names.uris.map(text(6)),
  ];
  return parts.length === 0 ? undefined : der.sequence(...parts);
}
