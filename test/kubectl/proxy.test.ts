import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { Kubectl } from './kubectl.ts';

test('kubectl proxy passes requests and watches on', async () => {
  const kubectl = await Kubectl.inNamespace('proxied');
  const child = kubectl.start(['proxy', '--port=0']);
  try {
    const [line] = await Array.fromAsync(firstLine(child.stdout));
    const base = `http://${/127\.0\.0\.1:\d+/.exec(line ?? '')?.[0]}`;
    const list = await (await fetch(`${base}/api/v1/namespaces/proxied/configmaps`)).json();
    expect(list).toMatchObject({ kind: 'ConfigMapList' });
    const node = await fetch(`${base}/api/v1/nodes/simulated-0/proxy/healthz`);
    expect([node.status, await node.text()]).toEqual([200, 'ok']);
    const { metadata } = list as { readonly metadata: { readonly resourceVersion: string } };
    const query = `watch=true&resourceVersion=${metadata.resourceVersion}&timeoutSeconds=20`;
    const watch = await fetch(`${base}/api/v1/namespaces/proxied/configmaps?${query}`);
    await kubectl.get(['create', 'configmap', 'seen']);
    const reader = watch.body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toContain('"name":"seen"');
    await reader?.cancel();
  } finally {
    child.kill();
  }
});

async function* firstLine(stream: NodeJS.ReadableStream): AsyncGenerator<string> {
  for await (const line of createInterface({ input: stream })) {
    yield line;
    return;
  }
}
