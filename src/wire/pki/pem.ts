/** One block of a PEM text (RFC 7468, with the headers of RFC 1421 where there are any). */
export interface PemBlock {
  readonly label: string;
  readonly hasHeaders: boolean;
  readonly content: Buffer;
}

const blockPattern =
  /-----BEGIN ([^\n-]*)-----[ \t]*\r?\n((?:[A-Za-z0-9-]+:[^\n]*\n)*)([A-Za-z0-9+/=\s]*)-----END \1-----/g;

/** Every block of a text in order; text around the blocks, and what only looks like a block, is passed over. */
export function pemBlocks(text: string): readonly PemBlock[] {
  return Array.from(text.matchAll(blockPattern), ([, label = '', headers = '', content = '']) => ({
    label,
    hasHeaders: headers !== '',
    content: Buffer.from(content, 'base64'),
  }));
}

/** The contents of every block of one label in a PEM text, in order; text around the blocks is passed over. */
export function parsePem(text: string, label: string): readonly Buffer[] {
  return pemBlocks(text).flatMap((block) => (block.label === label ? [block.content] : []));
}

/** One PEM block, 64 characters to a line. */
export function toPem(label: string, content: Uint8Array): string {
  const lines =
    Buffer.from(content)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
