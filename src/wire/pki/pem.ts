/** The contents of every block of one label in a PEM text (RFC 7468), in order; text around the blocks is passed over. */
export function parsePem(text: string, label: string): readonly Buffer[] {
  const block = new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]*)-----END ${label}-----`, 'g');
  return Array.from(text.matchAll(block), (match) => Buffer.from(match[1] ?? '', 'base64'));
}

/** One PEM block, 64 characters to a line. */
export function toPem(label: string, content: Uint8Array): string {
  const lines =
    Buffer.from(content)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
