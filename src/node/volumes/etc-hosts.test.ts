import { expect, test } from 'vitest';
import { etcHosts } from './etc-hosts.ts';

test('a host name that is given as it is to be stands alone', () => {
  const pod = {
    metadata: { name: 'web', namespace: 'shop' },
    spec: { containers: [], subdomain: 'nodes', hostnameOverride: 'web.example.com' },
  };
  expect(etcHosts(pod, ['10.1.0.2'], 'web.example.com', 'cluster.local', '')).toContain(
    '\n10.1.0.2\tweb.example.com\n',
  );
});
