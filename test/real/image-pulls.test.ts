import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { busyboxImage } from '../../src/node/images/making/busybox-image.ts';
import type { PackageImage } from '../../src/node/images/making/image-kitchen.ts';
import { textFile } from '../../src/node/images/making/layer-entry.ts';
import { secrets } from '../../src/resources/schema/resource-types.generated.ts';
import { AgentFixture } from './agent-fixture.ts';
import { alice, RegistryFixture } from './registry-fixture.ts';

/** An image that nobody else has: what is known of the pulls of one image counts for it under every name. */
const application: PackageImage = {
  ...busyboxImage,
  name: 'registry-test',
  image: 'stuurman.local/registry-test:1',
  ingredients: [...busyboxImage.ingredients, 'registry-test'],
  cook: async (kitchen) => {
    const base = await busyboxImage.cook(kitchen);
    return { ...base, names: [application.image], layers: [...base.layers, [textFile('/greeting', 'pulled\n')]] };
  },
};

/** Pods whose images come from a registry that wants to know who asks. */
describe.skipIf(inject('missing').length > 0 || !inject('registry'))('images from a private registry', () => {
  let fixture: AgentFixture;
  let registry: RegistryFixture;
  let image: string;
  beforeAll(async () => {
    fixture = await AgentFixture.open();
    registry = await RegistryFixture.start(fixture.containerd, { tls: false });
    await fixture.containerd.provide(application);
    image = await registry.push(fixture.containerd, application.image, 'team/app:1');
    await fixture.runtime.removeImage(application.image);
  }, 120_000);
  afterAll(async () => {
    await registry.stop();
    expect(await fixture.close()).toEqual([]);
  });

  const pullSecret = (name: string, where: string, login: { readonly username: string; readonly password: string }) => {
    const config = JSON.stringify({ auths: { [where]: login } });
    return fixture.client.create(secrets, {
      metadata: { name, namespace: 'default' },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': Buffer.from(config).toString('base64') },
    });
  };
  const greeting = (from: string) => [{ ...fixture.shell('main', 'cat /greeting'), image: from }];
  const waiting = (name: string) =>
    fixture.until(async () => (await fixture.read(name))?.status?.containerStatuses?.[0]?.state?.waiting?.message);
  const restartPolicy = 'Never';

  test('nobody gets it without a login', async () => {
    await fixture.create('anonymous', { containers: greeting(image) });
    expect(await waiting('anonymous')).toMatch(
      /^failed to pull and unpack image ".*": failed to resolve reference ".*": .*(authorization failed|401)/,
    );
    await fixture.remove('anonymous');
  });

  test('the pod’s secrets are tried until one will do; then only who has one may use the image', async () => {
    await pullSecret('wrong', registry.host, { ...alice, password: 'looking-glass' });
    await pullSecret('right', `http://${registry.host}/v2/team`, alice);
    const imagePullSecrets = [{ name: 'wrong' }, { name: 'right' }];
    await fixture.create('allowed', { restartPolicy, imagePullSecrets, containers: greeting(image) });
    const pod = await fixture.inPhase('allowed', 'Succeeded');
    expect(fixture.logOf(pod, 'main')).toBe('pulled\n');
    expect(await fixture.events('allowed')).toEqual([
      `Pulling: Pulling image "${image}"`,
      expect.stringMatching(
        /^Pulled: Successfully pulled image ".*" in .*s \(.*s including waiting\)\. Image size: \d+ bytes\.$/,
      ),
      'Created: Container created',
      'Started: Container started',
    ]);
    const containers = greeting(image).map((each) => ({ ...each, imagePullPolicy: 'IfNotPresent' }));
    await fixture.create('again', { restartPolicy, imagePullSecrets, containers });
    await fixture.inPhase('again', 'Succeeded');
    await fixture.create('thief', { restartPolicy, containers });
    expect(await waiting('thief')).toMatch(/authorization failed|401/);
    for (const name of ['allowed', 'again', 'thief']) await fixture.remove(name);
  });

  test('a registry is reached as hosts.toml says: under another name, by TLS with an authority of its own', async () => {
    const secure = await RegistryFixture.start(fixture.containerd, { tls: true, images: registry });
    const folder = join(fixture.containerd.directory, 'containerd/certs.d/registry.example.test');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'ca.crt'), secure.authorityPem);
    writeFileSync(join(folder, 'hosts.toml'), `[host."https://${secure.host}"]\n  ca = "${join(folder, 'ca.crt')}"\n`);
    await pullSecret('secure', '*.example.test', alice);
    await fixture.create('secure', {
      restartPolicy,
      imagePullSecrets: [{ name: 'secure' }],
      containers: greeting('registry.example.test/team/app:1'),
    });
    expect(fixture.logOf(await fixture.inPhase('secure', 'Succeeded'), 'main')).toBe('pulled\n');
    await fixture.remove('secure');
    await secure.stop();
  });

  test('what is not in the registry is said in its words', async () => {
    const missing = `${registry.host}/team/missing:1`;
    await fixture.create('missing', { imagePullSecrets: [{ name: 'right' }], containers: greeting(missing) });
    expect(await waiting('missing')).toMatch(/^rpc error: code = NotFound desc = failed to pull .*: not found$/);
    await fixture.remove('missing');
  });
});
