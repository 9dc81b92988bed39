import { chmodSync, unlinkSync } from 'node:fs';
import { createConnection, type Server } from 'node:net';

export type ListenAddress =
  /** `port` 0 takes a free one. */
  | { readonly host: string; readonly port: number }
  /** A unix socket, with the permissions of its file: 0600 unless given. */
  | { readonly path: string; readonly mode?: number | undefined };

/** A server could not take its address. The message says which and why; the cause is the system's error. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  /** `EADDRINUSE`, `EACCES`, ... */
  readonly code: string;

  constructor(address: ListenAddress, cause: NodeJS.ErrnoException) {
    super(`cannot listen on ${formatAddress(address)}: ${reasonOf(cause)}`, { cause });
    this.code = cause.code ?? '';
  }
}

/** Starts to listen. Throws `ListenError`. */
export async function listen(server: Server, address: ListenAddress): Promise<void> {
  try {
    await attempt(server, address);
  } catch (error) {
    const cause = error as NodeJS.ErrnoException;
    if (!('path' in address) || cause.code !== 'EADDRINUSE' || (await answers(address.path)))
      throw new ListenError(address, cause);
    // A server that was killed left its socket file behind.
    unlinkSync(address.path);
    await attempt(server, address).catch((again: NodeJS.ErrnoException) => {
      throw new ListenError(address, again);
    });
  }
  if ('path' in address) chmodSync(address.path, address.mode ?? 0o600);
}

function formatAddress(address: ListenAddress): string {
  if ('path' in address) return address.path;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

function attempt(server: Server, address: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen('path' in address ? { path: address.path } : { host: address.host, port: address.port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createConnection(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
  });
}

function reasonOf(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return 'the address is in use by another process';
    case 'EACCES':
      return 'permission denied';
    case 'EADDRNOTAVAIL':
      return 'this machine does not have the address';
    default:
      return error.message;
  }
}
