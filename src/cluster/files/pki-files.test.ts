import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { virtualEnvironment } from '../../../test/support/environment.ts';
import { parseCertificate } from '../../wire/pki/certificate.ts';
import { publicKeyHash } from '../../wire/pki/public-key-hash.ts';
import { DataDirectory } from './data-directory.ts';
import { PkiFiles } from './pki-files.ts';

const dayMs = 24 * 3600_000;
const server = { commonName: 'kube-apiserver', usages: ['serverAuth'], ipAddresses: ['10.0.0.1'] } as const;

let folder: string;
let directory: DataDirectory;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pki-'));
  directory = new DataDirectory(folder);
  directory.create();
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The keys of a cluster that is started so many days after its first start. */
function startedOnDay(day: number): PkiFiles {
  const environment = virtualEnvironment(day);
  environment.shiftClock(day * dayMs);
  return new PkiFiles(directory, environment);
}

const lifeOf = (pem: string) => {
  const { notBeforeMs, notAfterMs } = parseCertificate(pem);
  return [notBeforeMs, notAfterMs].map((ms) => Math.round((ms - Date.UTC(2026, 0, 1)) / dayMs) + 0);
};

test('what is good stays; what ends soon, or has ended while the cluster slept, is made anew', () => {
  const first = startedOnDay(0).leaf('server', server);
  expect(lifeOf(first.certificatePem)).toEqual([0, 365]);
  expect(startedOnDay(300).leaf('server', server)).toMatchObject(first);
  const near = startedOnDay(306).leaf('server', server);
  expect(lifeOf(near.certificatePem)).toEqual([306, 671]);
  const after = startedOnDay(306 + 400).leaf('server', server);
  expect(lifeOf(after.certificatePem)).toEqual([706, 1071]);
  expect(after.keyPem).not.toBe(near.keyPem);
});

test('a certificate for other names, or from a clock that ran ahead, is made anew', () => {
  const first = startedOnDay(500).leaf('server', server);
  expect(lifeOf(startedOnDay(0).leaf('server', server).certificatePem)).toEqual([0, 365]);
  const renamed = startedOnDay(0).leaf('server', { ...server, ipAddresses: ['10.0.0.2'] });
  expect(parseCertificate(renamed.certificatePem).x509.subjectAltName).toBe('IP Address:10.0.0.2');
  expect(renamed.certificatePem).not.toBe(first.certificatePem);
});

test('the file has certificate and key, for its owner alone, and one that is damaged is made anew', () => {
  const pki = startedOnDay(0);
  const { certificatePem, keyPem } = pki.leaf('server', server);
  expect(readFileSync(pki.leafFile('server'), 'utf8')).toBe(certificatePem + keyPem);
  expect(statSync(pki.leafFile('server')).mode & 0o777).toBe(0o600);
  writeFileSync(pki.leafFile('server'), certificatePem);
  expect(pki.leaf('server', server).certificatePem).not.toBe(certificatePem);
  writeFileSync(pki.leafFile('server'), 'junk');
  expect(pki.leaf('server', server).certificatePem).toContain('BEGIN CERTIFICATE');
});

test('an authority near its end, or after it, goes on with the same key', () => {
  const first = startedOnDay(0);
  const pem = first.authorityPem;
  expect(startedOnDay(2900).authorityPem).toBe(pem);
  const renewed = startedOnDay(2950);
  expect(lifeOf(renewed.authorityPem)).toEqual([2950, 6600]);
  expect(publicKeyHash(renewed.authority.certificate)).toBe(publicKeyHash(first.authority.certificate));
  expect(renewed.authority.certificate.subject).toEqual(first.authority.certificate.subject);
  // Who knows the old certificate alone believes what is issued now, and the other way round.
  const { certificatePem } = renewed.leaf('server', server);
  expect(parseCertificate(certificatePem).x509.verify(parseCertificate(pem).x509.publicKey)).toBe(true);
  expect(parseCertificate(certificatePem).x509.checkIssued(parseCertificate(pem).x509)).toBe(true);
  expect(lifeOf(startedOnDay(9000).authorityPem)).toEqual([9000, 12650]);
});
