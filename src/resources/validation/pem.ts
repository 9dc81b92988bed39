const block = /-----BEGIN ([^-]+)-----[\s\S]*?-----END \1-----/g;

/** The types of the PEM blocks in a text: `CERTIFICATE`, `EC PRIVATE KEY`. */
function blockTypes(text: string): readonly string[] {
  return [...text.matchAll(block)].map((match) => match[1] ?? '');
}

/**
 * Why a certificate and a key cannot be a pair, as far as their PEM armour tells, in the words of Go's TLS library;
 * undefined when both have blocks of the right type.
 */
export function tlsInputProblem(certificate: string, key: string): string | undefined {
  return certificateProblem(blockTypes(certificate)) ?? keyProblem(blockTypes(key));
}

function certificateProblem(types: readonly string[]): string | undefined {
  if (types.includes('CERTIFICATE')) return undefined;
  if (types.length === 0) return 'tls: failed to find any PEM data in certificate input';
  if (types.length === 1 && types[0]?.endsWith('PRIVATE KEY'))
    return 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched';
  return `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [${types.join(' ')}]`;
}

function keyProblem(types: readonly string[]): string | undefined {
  if (types.some((type) => type === 'PRIVATE KEY' || type.endsWith(' PRIVATE KEY'))) return undefined;
  if (types.length === 0) return 'tls: failed to find any PEM data in key input';
  if (types.length === 1 && types[0] === 'CERTIFICATE')
    return 'tls: found a certificate rather than a key in the PEM for the private key';
  return `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [${types.join(' ')}]`;
}
