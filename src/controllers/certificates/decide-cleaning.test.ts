import { expect, test } from 'vitest';
import { virtualEnvironment } from '../../../test/support/environment.ts';
import { textBytes } from '../../resources/certificates/request-text.ts';
import type { CertificateSigningRequest } from '../../resources/schema/certificates-v1.generated.ts';
import { CertificateAuthority } from '../../wire/pki/certificate-authority.ts';
import { endOfRequest } from './decide-cleaning.ts';

const created = '2026-01-01T00:00:00Z';
const later = '2026-01-02T00:00:00Z';
const hourMs = 3600_000;

const issued = (validityMs: number) => {
  const environment = virtualEnvironment(1);
  const authority = CertificateAuthority.create(environment, { commonName: 'ca', validityMs: 1000 * hourMs });
  return textBytes(authority.issue({ commonName: 'x', usages: ['clientAuth'], validityMs }).certificate.pem);
};

test.each<[string, CertificateSigningRequest['status'], string | undefined]>([
  ['nobody answered', {}, '2026-01-02T00:00:00.000Z'],
  ['denied', { conditions: [{ type: 'Denied', status: 'True', lastUpdateTime: later }] }, '2026-01-02T01:00:00.000Z'],
  ['failed', { conditions: [{ type: 'Failed', status: 'True', lastUpdateTime: later }] }, '2026-01-02T01:00:00.000Z'],
  [
    'approved',
    { conditions: [{ type: 'Approved', status: 'True', lastUpdateTime: later }] },
    '2026-01-03T00:00:00.000Z',
  ],
  [
    'issued',
    { certificate: issued(100 * hourMs), conditions: [{ type: 'Approved', status: 'True', lastUpdateTime: later }] },
    '2026-01-02T01:00:00.000Z',
  ],
  [
    'issued for a short time',
    { certificate: issued(2 * hourMs), conditions: [{ type: 'Approved', status: 'True', lastUpdateTime: later }] },
    '2026-01-01T02:00:00.000Z',
  ],
  [
    'issued, and not to be read',
    { certificate: textBytes('x'), conditions: [{ type: 'Approved', status: 'True', lastUpdateTime: later }] },
    '2026-01-02T01:00:00.000Z',
  ],
  ['another condition', { conditions: [{ type: 'Seen', status: 'True', lastUpdateTime: later }] }, undefined],
])('a request that is %s', (_, status, end) => {
  const request = {
    metadata: { name: 'r', creationTimestamp: created },
    spec: { request: '', signerName: '' },
    status,
  };
  const found = endOfRequest(request);
  expect(found === undefined ? undefined : new Date(found).toISOString()).toBe(end);
});
