import { afterEach, expect, test } from 'vitest';
import { NodeWorld } from '../../../test/support/node-world.ts';
import { secrets } from '../../resources/schema/resource-types.generated.ts';

let world: NodeWorld;
afterEach(() => world.close());

const namespace = 'default';

test('an image that cannot be pulled is said so, then backed off from, and pulled when it is there', async () => {
  world = await NodeWorld.start({ images: { present: [], pullable: 'any' } });
  world.runtime.images.failPull('nginx:1', 'registry says no');
  await world.run({ imagePullPolicy: 'IfNotPresent' });
  expect(await world.waiting('web')).toEqual({
    reason: 'ErrImagePull',
    message: 'registry says no',
  });
  await world.advance(4);
  expect(await world.waiting('web')).toEqual({
    reason: 'ImagePullBackOff',
    message: 'Back-off pulling image "nginx:1": ErrImagePull: registry says no',
  });
  expect((await world.status('web')).phase).toBe('Pending');
  world.runtime.images.failPull('nginx:1', undefined);
  await world.advance(10);
  expect(await world.containerState('web', 'main')).toBe('ready');
  expect(await world.events('web')).toEqual([
    'Pulling: Pulling image "nginx:1" (2)',
    'Failed: Failed to pull image "nginx:1": registry says no',
    'Failed: Error: ErrImagePull',
    'BackOff: Back-off pulling image "nginx:1"',
    'Failed: Error: ImagePullBackOff',
    'Pulled: Successfully pulled image "nginx:1" in 0s (0s including waiting). Image size: 20000000 bytes.',
    'Created: Container created',
    'Started: Container started',
  ]);
});

const dockerConfig = (username: string, password: string) => ({
  '.dockerconfigjson': Buffer.from(JSON.stringify({ auths: { 'r.example.com': { username, password } } })).toString(
    'base64',
  ),
});

async function secretNamed(name: string, username: string, password: string): Promise<void> {
  const type = 'kubernetes.io/dockerconfigjson';
  await world.api.create(secrets, { metadata: { name, namespace }, type, data: dockerConfig(username, password) });
}

async function privateWorld(): Promise<string> {
  world = await NodeWorld.start({ images: { present: [], pullable: 'any' } });
  world.runtime.images.protect('r.example.com/', { username: 'me', password: 'right' });
  return 'r.example.com/app:1';
}

test('an image is pulled with the secrets of its pod, one after the other', async () => {
  const image = await privateWorld();
  await secretNamed('wrong', 'me', 'wrong');
  await secretNamed('right', 'me', 'right');
  const imagePullSecrets = [{ name: 'wrong' }, { name: 'right' }];
  await world.createPod('web', { imagePullSecrets, containers: [{ name: 'main', image }] });
  await world.advance(1);
  expect(await world.containerState('web', 'main')).toBe('ready');
});

test('a pod that may not pull an image may not use the one that another has pulled', async () => {
  const image = await privateWorld();
  await secretNamed('right', 'me', 'right');
  const containers = [{ name: 'main', image, imagePullPolicy: 'IfNotPresent' }];
  await world.createPod('first', { imagePullSecrets: [{ name: 'right' }], containers });
  await world.advance(1);
  await world.createPod('thief', { containers });
  await world.createPod('shy', { containers: [{ name: 'main', image, imagePullPolicy: 'Never' }] });
  await world.createPod('second', { imagePullSecrets: [{ name: 'right' }], containers });
  await world.advance(1);
  expect(await world.containerState('second', 'main')).toBe('ready');
  expect(await world.events('second')).toContain(
    `Pulled: Container image "${image}" already present on machine and can be accessed by the pod`,
  );
  expect(await world.containerState('thief', 'main')).toBe('waiting ErrImagePull');
  expect((await world.status('thief')).containerStatuses?.[0]?.state?.waiting?.message).toContain(
    'pull access denied, authorization failed',
  );
  expect(await world.containerState('shy', 'main')).toBe('waiting ErrImageNeverPull');
});

test('a pull secret that cannot be read is said, and keeps nobody from an image that is there', async () => {
  const image = await privateWorld();
  const data = { '.dockerconfigjson': Buffer.from('{"auths":{"r.example.com":{"auth":"eA=="}}}').toString('base64') };
  const type = 'kubernetes.io/dockerconfigjson';
  await world.api.create(secrets, { metadata: { name: 'broken', namespace }, type, data });
  const imagePullSecrets = [{ name: 'broken' }];
  await world.createPod('web', { imagePullSecrets, containers: [{ name: 'main', image }] });
  world.runtime.images.add('here:1');
  await world.createPod('other', { imagePullSecrets, containers: [{ name: 'main', image: 'here:1' }] });
  await world.advance(1);
  expect(await world.waiting('web')).toEqual({
    reason: 'ErrImagePull',
    message:
      'image pull secret default/broken cannot be used: unable to parse auth field of r.example.com, must be formatted as base64(username:password)',
  });
  expect(await world.containerState('other', 'main')).toBe('ready');
});

test('a pull secret that is not there is said; when it comes the image is pulled', async () => {
  const image = await privateWorld();
  await world.createPod('web', { imagePullSecrets: [{ name: 'late' }], containers: [{ name: 'main', image }] });
  await world.advance(1);
  expect((await world.events('web'))[0]).toContain(
    'FailedToRetrieveImagePullSecret: Unable to retrieve some image pull secrets (late); attempting to pull the image may not succeed.',
  );
  expect(await world.containerState('web', 'main')).toBe('waiting ErrImagePull');
  await secretNamed('late', 'me', 'right');
  await world.advance(15);
  expect(await world.containerState('web', 'main')).toBe('ready');
});

test('the node may have logins of its own, for all its pods', async () => {
  const image = await privateWorld();
  const config = JSON.stringify({ auths: { 'r.example.com': { username: 'me', password: 'right' } } });
  await world.host.files.makeDirectory('/var/lib/stuurman/node');
  await world.host.files.write('/var/lib/stuurman/node/config.json', config);
  await world.createPod('web', { containers: [{ name: 'main', image }] });
  await world.advance(1);
  expect(await world.containerState('web', 'main')).toBe('ready');
});

test('images are pulled side by side, a few at a time', async () => {
  world = await NodeWorld.start({ images: { present: [] }, latency: { pullImage: 1000 } });
  for (const number of [1, 2, 3, 4, 5])
    await world.createPod(`web-${number}`, { containers: [{ name: 'main', image: `app:${number}` }] });
  await world.advance(1.5);
  expect(await world.containerState('web-4', 'main')).toBe('ready');
  expect(await world.containerState('web-5', 'main')).toBe('waiting ContainerCreating');
  await world.advance(1);
  expect((await world.events('web-5'))[1]).toContain('in 1s (2s including waiting)');
});

test('an image that may not be pulled has to be there', async () => {
  world = await NodeWorld.start({ images: { present: [] } });
  await world.run({ imagePullPolicy: 'Never' });
  const message = 'Container image "nginx:1" is not present with pull policy of Never';
  expect(await world.waiting('web')).toEqual({ reason: 'ErrImageNeverPull', message });
  expect(await world.events('web')).toEqual([`ErrImageNeverPull: ${message}`, 'Failed: Error: ErrImageNeverPull']);
});

test('an image name that is none is said so', async () => {
  world = await NodeWorld.start();
  await world.run({ image: 'No/Such:Image' });
  const message =
    'Failed to apply default image tag "No/Such:Image": couldn\'t parse image name "No/Such:Image": invalid reference format';
  expect((await world.waiting('web'))?.reason).toBe('InvalidImageName');
  expect(await world.events('web')).toEqual([
    expect.stringContaining(message.slice(0, 60)),
    'Failed: Error: InvalidImageName',
  ]);
});

test('an image that is always to be pulled is pulled though it is there', async () => {
  world = await NodeWorld.start({ latency: { pullImage: 1500 } });
  await world.run({ imagePullPolicy: 'Always' });
  await world.advance(1);
  expect((await world.events('web'))[1]).toBe(
    'Pulled: Successfully pulled image "nginx:1" in 1.5s (1.5s including waiting). Image size: 20000000 bytes.',
  );
});
