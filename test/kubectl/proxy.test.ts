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

test('pods and services answer through the API server, simulated ones too', async () => {
  const kubectl = await Kubectl.inNamespace('answering');
  await kubectl.get(['run', 'web', '--image=app:1', '--port=8080', '--expose']);
  await kubectl.get(['wait', '--for=condition=Ready', 'pod/web', '--timeout=30s']);
  const path = '/api/v1/namespaces/answering';
  for (const target of ['pods/web', 'pods/web:9090', 'services/web:8080'])
    await expect
      .poll(() => kubectl.run(['get', '--raw', `${path}/${target}/proxy/`]))
      .toMatchObject({ stdout: 'web\n' });
  expect(await kubectl.run(['get', '--raw', '/api/v1/nodes/simulated-0:9100/proxy/'])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/error trying to reach service: dial tcp \S+:9100: connect: connection refused/),
  });
});

async function* firstLine(stream: NodeJS.ReadableStream): AsyncGenerator<string> {
  for await (const line of createInterface({ input: stream })) {
    yield line;
    return;
  }
}
