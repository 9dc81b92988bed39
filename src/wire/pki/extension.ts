import { derWriter as der } from './der-writer.ts';

/** One X.509 extension (RFC 5280 4.1). */
export function extensionDer(identifier: string, critical: boolean, value: Uint8Array): Buffer {
  return der.sequence(
    der.objectIdentifier(identifier),
    ...(critical ? [der.boolean(true)] : []),
    der.octetString(value),
  );
}
