import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { applicationImage } from '../../src/node/images/making/application-image.ts';
import { textFile } from '../../src/node/images/making/layer-entry.ts';
import { nginxImage } from '../../src/node/images/making/nginx-image.ts';
import { nodeImage } from '../../src/node/images/making/node-image.ts';
import { postgresImage } from '../../src/node/images/making/postgres-image.ts';
import type { ContainerRuntime } from '../../src/node/runtime/runtime.ts';
import { ContainerdFixture } from './containerd-fixture.ts';
import { PodFixture } from './pod-fixture.ts';

const node = nodeImage(process.execPath, process.version);

describe.skipIf(inject('missing').length > 0)('images made of Debian packages', () => {
  let fixture: ContainerdFixture;
  let runtime: ContainerRuntime;
  beforeAll(async () => {
    fixture = await ContainerdFixture.open();
    runtime = fixture.runtime();
    for (const image of [nginxImage, node, postgresImage]) await fixture.provide(image);
  }, 300_000);
  afterAll(async () => {
    await runtime.close();
    expect(await fixture.close()).toEqual([]);
  });

  const output = (pod: PodFixture, attempt = 0) =>
    readFileSync(join(pod.sandbox.logDirectory, `${attempt}.log`), 'utf8');

  test('nginx serves a page and logs to stdout; SIGQUIT ends it well', async () => {
    const pod = await PodFixture.run(fixture, runtime, 'web');
    const container = await pod.start(nginxImage.image);
    const page = await pod.until(() =>
      fetch(`http://${pod.address}/`).then(
        (response) => response.text(),
        () => undefined,
      ),
    );
    expect(page).toContain('nginx runs');
    await runtime.stopContainer(container, 10);
    expect(await runtime.containerStatus(container)).toMatchObject({ state: 'exited', exitCode: 0 });
    expect(output(pod)).toMatch(/stdout F .*"GET \/ HTTP\/1.1" 200/);
    await pod.remove();
  });

  test('node runs a program, as its own user, with TLS and name look-up', async () => {
    const pod = await PodFixture.run(fixture, runtime, 'app');
    const program = `
      const { lookup } = require('node:dns/promises');
      const key = require('node:crypto').generateKeyPairSync('ec', { namedCurve: 'P-256' });
      lookup('localhost').then(({ address }) => console.log(process.version, process.getuid(), address, typeof key.publicKey));`;
    const container = await pod.start(node.image, {
      command: ['node', '-e', program],
      securityContext: { ...pod.sandbox.securityContext, runAsUser: 1000, dropCapabilities: ['ALL'] },
    });
    expect(await pod.exited(container)).toMatchObject({ exitCode: 0 });
    expect(output(pod)).toContain(`${process.version} 1000 127.0.0.1 object`);
    await pod.remove();
  });

  test('an application is an image upon another', async () => {
    const application = applicationImage(node, {
      name: 'app',
      image: 'stuurman.local/app:1',
      files: [textFile('/app/main.js', 'console.log(process.cwd(), process.getuid(), process.argv[2])')],
      command: ['node', 'main.js', 'argument'],
      workingDirectory: '/app',
      user: '1000',
    });
    await fixture.provide(application);
    const pod = await PodFixture.run(fixture, runtime, 'application');
    expect(await pod.exited(await pod.start(application.image))).toMatchObject({ exitCode: 0 });
    expect(output(pod)).toContain('/app 1000 argument');
    await pod.remove();
  });

  test('postgres needs a password at its first start, and says so', async () => {
    const pod = await PodFixture.run(fixture, runtime, 'db-bad');
    const status = await pod.exited(await pod.start(postgresImage.image));
    expect(status.exitCode).toBe(1);
    expect(output(pod)).toContain('the first start needs a password for the superuser postgres: set POSTGRES_PASSWORD');
    await pod.remove();
  });

  test('postgres makes its database, however often its first start is killed, and keeps it', async () => {
    const pod = await PodFixture.run(fixture, runtime, 'db');
    const data = join(fixture.directory, 'volume');
    mkdirSync(data, { mode: 0o777 });
    const config = {
      env: Object.entries({
        POSTGRES_PASSWORD: "it's 'secret'",
        POSTGRES_USER: 'shop-owner',
        POSTGRES_DB: 'my "shop"',
      }).map(([name, value]) => ({ name, value })),
      mounts: [
        {
          containerPath: '/var/lib/postgresql/data',
          hostPath: data,
          readOnly: false,
          propagation: 'private' as const,
        },
      ],
    };
    for (const lifeMs of [200, 700, 1500, 2500]) {
      const container = await pod.start(postgresImage.image, config);
      await fixture.environment.sleep(lifeMs);
      await runtime.stopContainer(container, 0);
    }
    const sql = async (container: string, statement: string) => {
      const command = ['psql', '-h', pod.address, '-U', 'shop-owner', '-d', 'my "shop"', '-tAc', statement];
      const result = await runtime.execSync(container, ['env', `PGPASSWORD=it's 'secret'`, ...command], 10_000);
      return result.exitCode === 0 ? Buffer.from(result.stdout).toString().trim() : undefined;
    };
    const first = await pod.start(postgresImage.image, config);
    expect(await pod.until(() => sql(first, 'select 6 * 7'))).toBe('42');
    await sql(first, 'create table orders (id int); insert into orders values (7)');
    await runtime.stopContainer(first, 30);
    expect(await runtime.containerStatus(first)).toMatchObject({ exitCode: 0 });
    const second = await pod.start(postgresImage.image, config);
    expect(await pod.until(() => sql(second, 'select id from orders'))).toBe('7');
    await pod.remove();
  }, 120_000);

  test('postgres without root, as the one who owns its volume', async () => {
    const pod = await PodFixture.run(fixture, runtime, 'db-user');
    const container = await pod.start(postgresImage.image, {
      env: [
        { name: 'POSTGRES_HOST_AUTH_METHOD', value: 'trust' },
        { name: 'PGDATA', value: '/tmp/data' },
      ],
      securityContext: { ...pod.sandbox.securityContext, runAsUser: 999, runAsGroup: 999, dropCapabilities: ['ALL'] },
    });
    const ready = async () => {
      const result = await runtime.execSync(container, ['psql', '-h', '127.0.0.1', '-tAc', 'select 1'], 5000);
      return result.exitCode === 0 ? true : undefined;
    };
    expect(await pod.until(ready)).toBe(true);
    await pod.remove();
  });
});
