import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCertificate } from '../../wire/pki/certificate.ts';
import { publicKeyHash } from '../../wire/pki/public-key-hash.ts';
import type { DataDirectory } from '../files/data-directory.ts';
import type { RunningServer } from '../server/running-server.ts';

/** What a user types on another machine to make it a node of this cluster. */
export function joinCommand(
  directory: DataDirectory,
  server: Pick<RunningServer, 'address' | 'port'>,
  token: string,
): string {
  const authority = parseCertificate(readFileSync(join(directory.pki, 'ca.crt'), 'utf8'));
  return `stuurman join ${server.address}:${server.port} --token ${token} --ca-hash ${publicKeyHash(authority)}`;
}
