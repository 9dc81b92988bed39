import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { beforeAll, describe, expect, test } from 'vitest';
import { Kubectl } from './kubectl.ts';
import { kubectlEnds, streamProtocols } from './kubectl-ends.ts';

describe.each(kubectlEnds)('kubectl %s', (version, program) => {
  describe.each(streamProtocols)('by %s', (protocol, env) => {
    let kubectl: Kubectl;
    beforeAll(async () => {
      const namespace = `streams-${protocol.toLowerCase()}-${version.replace(/[^a-z0-9]+/g, '-')}`;
      kubectl = await Kubectl.inNamespace(namespace, undefined, program);
      await kubectl.get(['create', 'deployment', 'web', '--image=app:1', '--port=80']);
      await kubectl.get(['expose', 'deployment', 'web', '--port=8080', '--target-port=80']);
      await kubectl.get(['rollout', 'status', 'deployment/web', '--timeout=40s']);
    });

    test('exec passes output, errors, input and the exit code', async () => {
      const run = (args: readonly string[], input = '') => kubectl.run(['exec', ...args], { input, env });
      expect(await run(['deploy/web', '--', 'sh', '-c', 'echo out; exit 3'])).toEqual({
        code: 3,
        stdout: 'out\n',
        stderr: 'command terminated with exit code 3\n',
      });
      expect(await run(['-i', 'deploy/web', '--', 'cat'], 'typed in')).toMatchObject({ code: 0, stdout: 'typed in' });
    });

    test('run gives what a container writes that reads from the terminal, and its exit code', async () => {
      const args = ['run', 'shell', '-i', '--rm', '--restart=Never', '--image=app:1', '--', 'sh'];
      const { code, stdout } = await kubectl.run(args, { input: 'echo typed; nothing\nexit 5\n', env });
      expect([code, stdout.includes('typed\n')]).toEqual([5, true]);
      await expect.poll(() => kubectl.get(['get', 'pods', '-o', 'name'])).not.toContain('shell');
    });

    test('attach joins a container that runs', async () => {
      await kubectl.get(['run', 'cat', '-i', '--image=app:1', '--attach=false', '--command', '--', 'cat']);
      await kubectl.get(['wait', '--for=condition=Ready', 'pod/cat', '--timeout=30s']);
      const attached = kubectl.run(['attach', '-i', 'cat'], { input: 'hello\n', env });
      expect((await attached).stdout).toContain('hello\n');
      // kubectl itself says so, and its words have changed.
      expect(await kubectl.run(['attach', 'cat', '-c', 'nope'], { env })).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^error: cannot attach to the container: container nope .* pod cat/),
      });
    });

    test.each(['deploy/web', 'svc/web'])('port-forward leads to %s, many times at once', async (target) => {
      const forward = await forwarding(kubectl, [target, target === 'svc/web' ? ':8080' : ':80'], env);
      try {
        const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(`http://127.0.0.1:${forward.port}/`)));
        for (const answer of answers) expect(await answer.text()).toMatch(/^web-\S+\n$/);
      } finally {
        await forward.end();
      }
    });

    test('port-forward ends with its pod', async () => {
      await kubectl.get(['run', 'short', '--image=app:1']);
      await kubectl.get(['wait', '--for=condition=Ready', 'pod/short', '--timeout=30s']);
      const forward = await forwarding(kubectl, ['pod/short', ':80'], env);
      await kubectl.get(['delete', 'pod', 'short', '--now']);
      expect(await forward.ended).toBe(1);
    });
  });

  test('debug adds a container to a pod that runs', async () => {
    const kubectl = await Kubectl.inNamespace(`debug-${version.replace(/[^a-z0-9]+/g, '-')}`, undefined, program);
    await kubectl.get(['run', 'web', '--image=app:1']);
    await kubectl.get(['wait', '--for=condition=Ready', 'pod/web', '--timeout=30s']);
    const args = [
      'debug',
      'web',
      '--image=tools:1',
      '--target=web',
      '-c',
      'look',
      '--profile=general',
      '--',
      'sh',
      '-c',
    ];
    await kubectl.get([...args, 'echo looked; exit 4']);
    const of = (path: string) => kubectl.get(['get', 'pod', 'web', '-o', `jsonpath={${path}}`]);
    await expect.poll(() => of('.status.ephemeralContainerStatuses[0].state.terminated.exitCode')).toBe('4');
    expect(await kubectl.get(['logs', 'web', '-c', 'look'])).toBe('looked\n');
    expect(await of('.spec.ephemeralContainers[0].targetContainerName')).toBe('web');
    expect(await of('.status.phase')).toBe('Running');
    expect(await kubectl.get(['describe', 'pod', 'web'])).toMatch(/^Ephemeral Containers:\n {2}look:/m);
    await kubectl.get(['debug', 'web', '--copy-to=twin', '--image=tools:1', '--share-processes', '--profile=general']);
    await kubectl.get(['wait', '--for=condition=Ready', 'pod/twin', '--timeout=30s']);
  });
});

/** `kubectl port-forward` once it listens. */
async function forwarding(kubectl: Kubectl, args: readonly string[], env: Readonly<Record<string, string>>) {
  const child = kubectl.start(['port-forward', ...args], env);
  const ended = once(child, 'close').then(([code]) => code as number | null);
  child.stderr.resume();
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /^Forwarding from 127\.0\.0\.1:(\d+) ->/.exec(line)?.[1];
    if (port === undefined) continue;
    child.stdout.resume();
    const end = async () => {
      child.kill();
      await ended;
    };
    return { port: Number(port), ended, end };
  }
  throw new Error(`kubectl port-forward ended with ${await ended} before it listened`);
}
