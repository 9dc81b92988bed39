import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { busyboxImage } from '../../src/node/images/making/busybox-image.ts';
import { webSocketExec } from '../../src/wire/remote-command/websocket-exec-client.ts';
import { kubectlEnds, streamProtocols } from '../kubectl/kubectl-ends.ts';
import { LocalCluster } from './local-cluster.ts';

const { image } = busyboxImage;
const serving = 'mkdir /www; echo served > /www/index.html; exec httpd -f -p 8080 -h /www';
/** It takes what comes over one connection. */
const taking = 'nc -l -p 9000 -e /bin/sh -c "cat > /tmp/taken"; sleep 1000';

/** Streams of kubectl to real containers, by both protocols, of the kubectls of both ends of the range. */
describe.skipIf(inject('missing').length > 0 || !inject('kubectl'))('streams to containers of containerd', () => {
  let cluster: LocalCluster;
  let folder: string;
  beforeAll(async () => {
    cluster = await LocalCluster.begin('streams', 7650);
    folder = mkdtempSync(join(tmpdir(), 'stuurman-streams-'));
    await cluster.upWithImage();
    const container = (name: string, script: string) => ({ name, image, command: ['sh', '-c', script] });
    await cluster.run('web', '', serving, {
      containers: [container('main', serving), container('taker', taking)],
      terminationGracePeriodSeconds: 0,
    });
    await cluster.podAddress('web');
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    expect(await cluster.down('--purge')).toEqual([]);
  });

  const start = (program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    spawn(program, ['--kubeconfig', join(cluster.directory, 'admin.kubeconfig'), ...args], {
      env: { PATH: process.env['PATH'], HOME: folder, ...env },
    });
  const kubectl = async (
    program: string,
    args: readonly string[],
    { input = '', env = {} }: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
  ) => {
    const child = start(program, args, env);
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    const [[code], stdout, stderr] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
    return { code: code as number, stdout, stderr };
  };
  /** `kubectl port-forward` once it listens on all of its ports, in their order. */
  const forwarding = async (program: string, args: readonly string[], env: Readonly<Record<string, string>>) => {
    const child = start(program, ['port-forward', ...args], env);
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
    });
    const ports: number[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      const port = /^Forwarding from 127\.0\.0\.1:(\d+) ->/.exec(line)?.[1];
      if (port !== undefined) ports.push(Number(port));
      if (ports.length === args.length - 1) break;
    }
    child.stdout.resume();
    const ended = once(child, 'close').then(([code]) => code as number | null);
    const end = () => {
      child.kill();
      return ended;
    };
    return { ports, stderr: () => said, ended, end };
  };

  describe.each(kubectlEnds)('kubectl %s', (version, program) => {
    describe.each(streamProtocols)('by %s', (_protocol, env) => {
      test('exec keeps output and errors apart, passes input to its end, and answers the exit code', async () => {
        const script = 'wc -c; echo wrong >&2; exit 42';
        const args = ['exec', '-i', 'web', '-c', 'main', '--', 'sh', '-c', script];
        expect(await kubectl(program, args, { input: 'x'.repeat(300_000), env })).toEqual({
          code: 42,
          stdout: '300000\n',
          stderr: 'wrong\ncommand terminated with exit code 42\n',
        });
        const missing = await kubectl(program, ['exec', 'web', '-c', 'main', '--', 'no-such-program'], { env });
        expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('executable file not found')]);
      });

      test('cp brings a large file there and back whole', async () => {
        const [there, back] = [join(folder, 'there'), join(folder, 'back')];
        const blocks = Array.from({ length: 320 }, () => cluster.environment.randomBytes(64 << 10));
        writeFileSync(there, Buffer.concat(blocks));
        const hashOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
        expect(await kubectl(program, ['cp', there, 'web:/tmp/file', '-c', 'main'], { env })).toMatchObject({
          code: 0,
        });
        expect(await kubectl(program, ['cp', 'web:/tmp/file', back, '-c', 'main'], { env })).toMatchObject({ code: 0 });
        expect(hashOf(back)).toBe(hashOf(there));
        rmSync(back);
      });

      test('run joins a shell, whose end is told and which is removed', async () => {
        const args = ['run', 'shell', '-i', '--rm', '--restart=Never', `--image=${image}`, '--', 'sh'];
        const { code, stdout, stderr } = await kubectl(program, args, { input: 'echo typed; exit 5\n', env });
        expect([code, stdout.includes('typed\n')], stderr).toEqual([5, true]);
      });

      test('port-forward leads many connections at once, and tells where nobody listens', async () => {
        const forward = await forwarding(program, ['pod/web', ':8080', ':81'], env);
        const [web = 0, nobody = 0] = forward.ports;
        const ask = async () => (await fetch(`http://127.0.0.1:${web}/`)).text();
        expect(new Set(await Promise.all(Array.from({ length: 50 }, ask)))).toEqual(new Set(['served\n']));
        await expect(fetch(`http://127.0.0.1:${nobody}/`)).rejects.toThrow();
        // The connection is closed before kubectl says why.
        await expect.poll(forward.stderr, { timeout: 20_000 }).not.toBe('');
        await forward.end();
        expect(forward.stderr()).toMatch(/error forwarding port 81 to pod \w+, uid : .*connection refused/);
      });
    });

    test('debug looks into the processes of a container, and runs on a node as root of it', async () => {
      // What is written before somebody is attached, and after his input has ended, is in the log alone.
      const logged =
        (...args: readonly string[]) =>
        async () =>
          (await kubectl(program, ['logs', ...args])).stdout;
      const name = `look-${version.replace(/[^a-z0-9]+/g, '-')}`;
      const shell = [`--image=${image}`, '--', 'sh', '-c'];
      const inPod = ['debug', 'web', '-c', name, '--target=main', '--profile=general'];
      expect(await kubectl(program, [...inPod, ...shell, 'ps | grep -c "[h]ttpd -f"'])).toMatchObject({ code: 0 });
      await expect.poll(logged('web', '-c', name), { timeout: 20_000 }).toBe('1\n');
      const node = (await kubectl(program, ['get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}'])).stdout;
      const look = 'chroot /host cat /etc/hostname; test -d /proc/$(pidof containerd | cut -d" " -f1) && echo seen';
      const made = await kubectl(program, ['debug', `node/${node}`, '--profile=sysadmin', ...shell, look]);
      const pod = /debugging pod (\S+) with container/.exec(made.stdout + made.stderr)?.[1] ?? '';
      const expected = `${readFileSync('/etc/hostname', 'utf8').trim()}\nseen\n`;
      await expect.poll(logged(pod), { timeout: 20_000 }).toBe(expected);
    });
  });

  test('a terminal is as large as its client, and ends with its container', async () => {
    const pod = { namespace: 'default', name: 'terminal' };
    await cluster.run(pod.name, '', '', {
      containers: [{ name: 'main', image, command: ['sh'], stdin: true, tty: true }],
      restartPolicy: 'Never',
    });
    await cluster.podAddress(pod.name);
    const options = { stdin: true, stdout: true, stderr: false, tty: true };
    const path = `/api/v1/namespaces/default/pods/${pod.name}/attach?stdin=true&stdout=true&tty=true`;
    const session = await webSocketExec(cluster.environment, cluster.client.http, path, options);
    session.resize(101, 37);
    await cluster.environment.sleep(300);
    await session.stdin?.write(Buffer.from('stty size; exit\n'));
    if (session.stdout === undefined) throw new Error('there is no output');
    expect(await text(session.stdout)).toContain('37 101\r\n');
    expect(await session.exit).toBe(0);
  });

  test('a connection that nobody takes from holds up its sender, not the memory of the agent', async () => {
    const [[, program = 'kubectl'] = []] = kubectlEnds;
    const forward = await forwarding(program, ['pod/web', ':9000'], streamProtocols[0][1]);
    const socket = connect(forward.ports[0] ?? 0, '127.0.0.1');
    const pid = await cluster.until('the connection stands', async () => {
      const found = (await cluster.exec('web', 'pidof cat', 'taker')).trim();
      return found === '' ? undefined : found;
    });
    await cluster.exec('web', `kill -STOP ${pid}`, 'taker');
    const sent = await sentUntilHeld(socket);
    expect(sent).toBeLessThan(64 << 20);
    await cluster.exec('web', `kill -CONT ${pid}`, 'taker');
    socket.end();
    await once(socket, 'close');
    const taken = () => cluster.exec('web', 'wc -c < /tmp/taken', 'taker');
    await expect.poll(taken, { timeout: 20_000 }).toBe(`${sent}\n`);
    await forward.end();
  });

  test('port-forward ends with its pod', async () => {
    await cluster.run('short', '', serving);
    await cluster.podAddress('short');
    const [[, program = 'kubectl'] = []] = kubectlEnds;
    const forward = await forwarding(program, ['pod/short', ':8080'], streamProtocols[0][1]);
    await kubectl(program, ['delete', 'pod', 'short', '--now']);
    expect(await forward.ended).toBe(1);
  });
});

/** Writes until nothing more is taken for a second; answers how many bytes were taken or are held. */
async function sentUntilHeld(socket: Socket): Promise<number> {
  const block = Buffer.alloc(1 << 20, 'x');
  let sent = 0;
  for (;;) {
    sent += block.length;
    if (socket.write(block)) continue;
    const drained = await Promise.race([
      once(socket, 'drain').then(() => true),
      new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 1_500)),
    ]);
    if (!drained || sent > 200 << 20) return sent;
  }
}
