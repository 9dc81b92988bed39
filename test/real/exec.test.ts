import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { busyboxImage } from '../../src/node/images/making/busybox-image.ts';
import type { ContainerRuntime, ExecOptions, ExecSession } from '../../src/node/runtime/runtime.ts';
import { ContainerdFixture } from './containerd-fixture.ts';
import { PodFixture } from './pod-fixture.ts';

describe.skipIf(inject('missing').length > 0)('exec in a container of containerd', () => {
  let fixture: ContainerdFixture;
  let runtime: ContainerRuntime;
  let container: string;
  let pod: PodFixture;
  beforeAll(async () => {
    fixture = await ContainerdFixture.open();
    runtime = fixture.runtime();
    await fixture.provide(busyboxImage);
    pod = await PodFixture.run(fixture, runtime, 'exec');
    container = await pod.start(busyboxImage.image, { command: ['sleep', '1000'] });
  });
  afterAll(async () => {
    await pod.remove();
    await runtime.close();
    expect(await fixture.close()).toEqual([]);
  });

  const exec = (script: string, more: Partial<ExecOptions> = {}) =>
    runtime.exec(container, {
      command: ['sh', '-c', script],
      stdin: false,
      stdout: true,
      stderr: true,
      tty: false,
      ...more,
    });
  const text = async (stream: ExecSession['stdout']) => {
    const chunks: Uint8Array<ArrayBufferLike>[] = [];
    for await (const chunk of stream ?? []) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };

  test('keeps stdout and stderr apart, and answers the exit code', async () => {
    const session = await exec('echo out; echo err >&2; exit 42');
    expect(await Promise.all([text(session.stdout), text(session.stderr), session.exit])).toEqual([
      'out\n',
      'err\n',
      42,
    ]);
    session.close();
  });

  test('a terminal has its size, and one output', async () => {
    const session = await exec('stty size; read line; stty size; echo "$line" >&2', { stdin: true, tty: true });
    session.resize(100, 30);
    await fixture.environment.sleep(200);
    await session.stdin?.write(Buffer.from('typed\n'));
    const output = await text(session.stdout);
    expect(output).toContain('30 100\r\n');
    expect(output.endsWith('typed\r\n')).toBe(true);
    expect(await session.exit).toBe(0);
    session.close();
  });

  test('carries much in both directions, and nothing is lost when it is read slowly', async () => {
    const session = await exec('tee /dev/stderr | md5sum', { stdin: true });
    const block = Buffer.alloc(1 << 20, 'abcdefghij');
    const writing = (async () => {
      for (let each = 0; each < 16; each++) await session.stdin?.write(block);
      await session.stdin?.close();
    })();
    let received = 0;
    const slowly = (async () => {
      for await (const chunk of session.stderr ?? []) {
        if (received === 0) await fixture.environment.sleep(300);
        received += chunk.length;
      }
    })();
    const sum = await text(session.stdout);
    await Promise.all([writing, slowly]);
    expect(received).toBe(16 << 20);
    expect(sum).toMatch(/^[0-9a-f]{32} {2}-\n$/);
    expect(await session.exit).toBe(0);
    session.close();
  });

  test('a program that is not there cannot be started', async () => {
    const session = await exec('', { command: ['no-such-program'] });
    await expect(session.exit).rejects.toMatchObject({ name: 'RuntimeError' });
    await expect(session.exit).rejects.toThrow(/no-such-program/);
    session.close();
  });

  test('a session that is closed lets go of the connection', async () => {
    const session = await exec('sleep 1000', { stdin: true });
    session.close();
    await expect(session.exit).rejects.toMatchObject({ code: 'Unavailable' });
  });

  test('ten at a time', async () => {
    const sessions = await Promise.all(Array.from({ length: 10 }, (_, index) => exec(`echo ${index}; exit ${index}`)));
    const results = await Promise.all(sessions.map(async (each) => [await text(each.stdout), await each.exit]));
    expect(results).toEqual(Array.from({ length: 10 }, (_, index) => [`${index}\n`, index]));
  });
});
