import { expect, test } from 'vitest';
import type { ClusterTrustBundle } from '../../resources/schema/certificates-v1.generated.ts';
import { toPem } from '../../wire/pki/pem.ts';
import { trustAnchors } from './trust-anchors.ts';

const [one, two] = [toPem('CERTIFICATE', Buffer.from('one')), toPem('CERTIFICATE', Buffer.from('two'))];
const bundle = (name: string, trustBundle: string, signerName?: string, labels?: Record<string, string>) =>
  ({
    metadata: { name, ...(labels !== undefined && { labels }) },
    spec: { trustBundle, ...(signerName !== undefined && { signerName }) },
  }) satisfies ClusterTrustBundle;
const bundles = [
  bundle('plain', `said before\n${two}between\n${one}`),
  bundle('a.b:c:live', one, 'a.b/c', { state: 'live' }),
  bundle('a.b:c:next', two + one, 'a.b/c', { state: 'next' }),
];

test('by name: the certificates alone', () => {
  expect(trustAnchors({ name: 'plain', path: 'ca' }, bundles)).toBe(one + two);
});

test('by signer and labels: each once', () => {
  const signerName = 'a.b/c';
  expect(trustAnchors({ signerName, labelSelector: {}, path: 'ca' }, bundles)).toBe(one + two);
  const labelSelector = { matchLabels: { state: 'live' } };
  expect(trustAnchors({ signerName, labelSelector, path: 'ca' }, bundles)).toBe(one);
});

test('what is not there is said, or empty where that is allowed', () => {
  const signerName = 'a.b/c';
  expect(() => trustAnchors({ name: 'none', path: 'ca' }, bundles)).toThrow(
    'while getting ClusterTrustBundle: clustertrustbundle.certificates.k8s.io "none" not found',
  );
  expect(() => trustAnchors({ signerName, path: 'ca' }, bundles)).toThrow(
    'combination of signerName and labelSelector matched zero ClusterTrustBundles',
  );
  expect(trustAnchors({ name: 'none', optional: true, path: 'ca' }, bundles)).toBe('');
  expect(trustAnchors({ signerName, optional: true, path: 'ca' }, bundles)).toBe('');
});
