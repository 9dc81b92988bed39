/** Opens a cluster, or as many as are asked for, lets pods run in them, closes them, and says so: `node open-and-close.ts COUNT`. */
import { createCluster, pods } from '../../src/testing.ts';

const count = Number(process.argv[2] ?? 1);
const clusters = await Promise.all(Array.from({ length: count }, () => createCluster({ kubeconfig: true })));
for (const { client, environment } of clusters) {
  await client.create(pods, {
    metadata: { namespace: 'default', name: 'long' },
    spec: { containers: [{ name: 'main', image: 'app:1', command: ['sleep', '3600'] }] },
  });
  for (;;) {
    const { status } = await client.get(pods, { namespace: 'default', name: 'long' });
    if (status?.phase === 'Running') break;
    await environment.sleep(20);
  }
}
await Promise.all(clusters.map((cluster) => cluster.close()));
process.stdout.write('closed\n');
