import { parseJsonNodes } from '../../machinery/schema/json-text.ts';
import { badRequest } from '../../machinery/status-errors.ts';

/** Where a list goes on, and in which state of the world. */
export interface ContinueToken {
  /** -1: whatever is there now, after the state that was first listed is gone. */
  readonly revision: number;
  /** The first key that may come next, without the prefix of what is listed. */
  readonly start: string;
}

const version = 'meta.k8s.io/v1';

/** The token as Kubernetes writes it: a client only ever hands it back. */
export function encodeContinue({ revision, start }: ContinueToken): string {
  const text = JSON.stringify({ v: version, rv: revision, start: `/${start}` });
  return Buffer.from(text).toString('base64url');
}

/** Throws BadRequest for anything that is not a token of ours. */
export function decodeContinue(token: string): ContinueToken {
  const fault = base64Fault(token);
  if (fault >= 0) throw invalid(`illegal base64 data at input byte ${fault}`);
  const value = parse(Buffer.from(token, 'base64url').toString());
  if (typeof value !== 'object' || value === null || value.v !== version)
    throw invalid('server does not recognize this encoded version ');
  const { rv, start } = value;
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0)
    throw invalid('incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  if (typeof start !== 'string' || start === '') throw invalid('encoded start key empty (version meta.k8s.io/v1)');
  const relative = start.startsWith('/') ? start.slice(1) : start;
  if (relative.startsWith('/') || relative.split('/').some((part) => part === '..' || part === '.'))
    throw invalid(start);
  return { revision: rv, start: relative };
}

/** Where a token is no base64 for URLs without padding; -1 when it is. */
function base64Fault(token: string): number {
  const strange = token.search(/[^\w-]/);
  return strange < 0 && token.length % 4 === 1 ? token.length - 1 : strange;
}

interface TokenText {
  readonly v?: unknown;
  readonly rv?: unknown;
  readonly start?: unknown;
}

function parse(text: string): TokenText | null {
  try {
    parseJsonNodes(text);
    return JSON.parse(text) as TokenText | null;
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
}

function invalid(why: string): Error {
  return badRequest(`invalid continue token: continue key is not valid: ${why}`);
}
