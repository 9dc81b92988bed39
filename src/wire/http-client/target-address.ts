/** Where a client connects to. */
export interface TargetAddress {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  /** A unix socket; host and port are then for the Host header only. */
  readonly socketPath: string | undefined;
  /** What every path is put behind, without a slash at its end: the server of a kubeconfig may lie below a path. */
  readonly prefix: string;
}

/**
 * Reads `https://host:port/prefix`, `http://...` or `unix:/path/to/socket`. Throws an error that says what is wrong.
 */
export function parseTarget(url: string): TargetAddress {
  if (url.startsWith('unix:')) {
    const socketPath = url.slice('unix:'.length).replace(/^\/\/(?=\/)/, '');
    if (!socketPath.startsWith('/')) throw new Error(`"${url}" is not unix: and an absolute path`);
    return { secure: false, host: 'localhost', port: 80, socketPath, prefix: '' };
  }
  const parsed = URL.parse(url);
  if (parsed === null || (parsed.protocol !== 'https:' && parsed.protocol !== 'http:'))
    throw new Error(`"${url}" is not a URL with https, http or unix`);
  const secure = parsed.protocol === 'https:';
  return {
    secure,
    host: parsed.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: parsed.port === '' ? (secure ? 443 : 80) : Number(parsed.port),
    socketPath: undefined,
    prefix: parsed.pathname.replace(/\/+$/, ''),
  };
}
