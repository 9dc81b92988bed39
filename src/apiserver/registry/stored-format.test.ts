import { expect, test } from 'vitest';
import { StoredFormat } from './stored-format.ts';

const format = new StoredFormat(
  { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment', namespaced: true },
  '/registry/deployments/',
);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

test('kind, apiVersion and metadata come first, managedFields last in metadata, no revision', () => {
  const bytes = format.encode({
    spec: { replicas: 1 },
    metadata: { resourceVersion: '7', managedFields: [{ manager: 'kubectl' }], name: 'web' },
    apiVersion: 'wrong/v1',
  } as never);
  expect(text(bytes)).toBe(
    '{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"web","managedFields":[{"manager":"kubectl"}]},"spec":{"replicas":1}}',
  );
});

test('the revision is spliced in when bytes go out', () => {
  const bytes = format.encode({ metadata: { name: 'wéb' } });
  expect(text(format.withRevision(bytes, 42))).toBe(
    '{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"resourceVersion":"42","name":"wéb"}}',
  );
  expect(text(format.withRevision(bytes, 0))).toBe(text(bytes));
  expect(text(format.withRevision(bytes, 0, Uint8Array.of(60), Uint8Array.of(62)))).toBe(`<${text(bytes)}>`);
  expect(text(format.withRevision(format.encode({ metadata: {} }), 42))).toContain(
    '"metadata":{"resourceVersion":"42"}',
  );
});

test('items of a list have neither kind nor apiVersion', () => {
  const parts: Uint8Array[] = [];
  format.appendItem(parts, format.encode({ metadata: { name: 'web' }, spec: {} } as never), 3);
  expect(parts.map(text).join('')).toBe('{"metadata":{"resourceVersion":"3","name":"web"},"spec":{}}');
});

test('decoding gives the revision back', () => {
  const bytes = format.encode({ metadata: { name: 'web' } });
  expect(format.decode(bytes, 9).metadata.resourceVersion).toBe('9');
  expect(format.decode(bytes, 0).metadata.resourceVersion).toBeUndefined();
});

test('keys are as etcd holds them', () => {
  expect(format.key('default', 'web')).toBe('/registry/deployments/default/web');
  expect(format.namespaceOf('/registry/deployments/default/web')).toBe('default');
  expect(format.nameOf('/registry/deployments/default/web')).toBe('web');
  expect(format.prefix('default')).toBe('/registry/deployments/default/');
  expect(format.prefix('')).toBe('/registry/deployments/');
  const nodes = new StoredFormat(
    { group: '', version: 'v1', resource: 'nodes', kind: 'Node', namespaced: false },
    '/registry/minions/',
  );
  expect(nodes.key('', 'n1')).toBe('/registry/minions/n1');
  expect(nodes.namespaceOf('/registry/minions/n1')).toBe('');
});

test('metadata can be cut out without parsing', () => {
  const metadata = { name: 'a"}\\', labels: { x: '{[' }, finalizers: [']'], annotations: {} };
  const bytes = format.encode({ metadata, spec: { metadata: {} } } as never);
  const parts: Uint8Array[] = [];
  format.appendMetadata(parts, bytes, 5, format.metadataEnd(bytes));
  expect(JSON.parse(`{${parts.map(text).join('')}}`)).toEqual({ resourceVersion: '5', ...metadata });
});
