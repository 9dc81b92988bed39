import { ConnectionError } from '../../wire/http-client/connection-error.ts';

/** Why a connection did not come about, as Go words it; undefined for an error of another kind. */
export function dialErrorText(error: unknown): string | undefined {
  if (!(error instanceof ConnectionError)) return undefined;
  const cause = error.cause as NodeJS.ErrnoException & { readonly address?: string; readonly port?: number };
  if (cause.code === 'EPROTO' && cause.message.includes('wrong version number'))
    return 'tls: first record does not look like a TLS handshake';
  if (error.maybeSent) return cause.code === 'ECONNRESET' || cause.code === 'EPIPE' ? 'EOF' : cause.message;
  const { hostname, port, protocol } = URL.parse(error.target) ?? { hostname: error.target, port: '', protocol: '' };
  // A URL leaves out the port that its scheme implies.
  const where = `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
  switch (cause.code) {
    case 'ECONNREFUSED':
      return `dial tcp ${where}: connect: connection refused`;
    case 'EHOSTUNREACH':
      return `dial tcp ${where}: connect: no route to host`;
    case 'ENETUNREACH':
      return `dial tcp ${where}: connect: network is unreachable`;
    case 'ETIMEDOUT':
      return `dial tcp ${where}: i/o timeout`;
    case 'ENOTFOUND':
      return `dial tcp: lookup ${hostname}: no such host`;
    default:
      return cause.message;
  }
}
