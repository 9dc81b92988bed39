import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import { StatusError } from '../../machinery/status-error.ts';
import type { Deployment, DeploymentSpec } from '../../resources/schema/apps-v1.generated.ts';
import { deployments, pods, replicaSets } from '../../resources/schema/resource-types.generated.ts';
import { replicaSetController } from '../replicaset/replica-set-controller.ts';
import { deploymentController } from './deployment-controller.ts';

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
  world.startKubelet();
  world.start(deploymentController, replicaSetController);
});
afterEach(() => world.stop());

const key = { namespace: 'shop', name: 'web' };

function deployment(replicas: number, spec: Partial<DeploymentSpec> = {}): Deployment {
  return {
    metadata: { ...key, annotations: { team: 'a' } },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: 10,
      template: template('v1'),
      ...spec,
    },
  };
}

function template(image: string) {
  return {
    metadata: { labels: { app: 'web' } },
    spec: { nodeName: 'node-1', containers: [{ name: 'c', image }] },
  };
}

async function change(spec: Partial<DeploymentSpec>): Promise<void> {
  const current = await world.client.get(deployments, key);
  await world.client.update(deployments, { ...current, spec: { ...current.spec, ...spec } });
}

async function annotate(annotations: Readonly<Record<string, string>>): Promise<void> {
  await world.client.patch(deployments, key, { type: 'merge', body: { metadata: { annotations } } });
}

const current = () => world.client.get(deployments, key);

async function condition(type: string) {
  return (await current()).status?.conditions?.find((each) => each.type === type);
}

/** `image:size` of every ReplicaSet, by revision. */
async function sizes(): Promise<readonly string[]> {
  return [...(await world.list(replicaSets))]
    .sort((a, b) => Number(revision(a)) - Number(revision(b)))
    .map((each) => `${each.spec.template?.spec?.containers[0]?.image}:${each.spec.replicas}`);
}

function revision(object: { metadata: { annotations?: Readonly<Record<string, string>> | undefined } }): string {
  return object.metadata.annotations?.['deployment.kubernetes.io/revision'] ?? '';
}

test('a new Deployment gets a ReplicaSet, and says so as kubectl expects', async () => {
  await world.client.create(deployments, deployment(3));
  await world.advance(3_000);
  const [replicaSet] = await world.list(replicaSets);
  const hash = replicaSet?.metadata.labels?.['pod-template-hash'] ?? '';
  expect(hash).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]+$/);
  expect(replicaSet).toMatchObject({
    metadata: {
      name: `web-${hash}`,
      labels: { app: 'web', 'pod-template-hash': hash },
      annotations: {
        team: 'a',
        'deployment.kubernetes.io/desired-replicas': '3',
        'deployment.kubernetes.io/max-replicas': '4',
        'deployment.kubernetes.io/revision': '1',
      },
      ownerReferences: [{ kind: 'Deployment', name: 'web', controller: true, blockOwnerDeletion: true }],
    },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'web', 'pod-template-hash': hash } },
      template: { metadata: { labels: { app: 'web', 'pod-template-hash': hash } } },
    },
  });
  expect((await current()).status).toEqual({
    observedGeneration: 1,
    replicas: 3,
    updatedReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    terminatingReplicas: 0,
    conditions: [
      {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
        lastTransitionTime: '2026-01-01T00:00:01Z',
        lastUpdateTime: '2026-01-01T00:00:01Z',
      },
      {
        type: 'Progressing',
        status: 'True',
        reason: 'NewReplicaSetAvailable',
        message: `ReplicaSet "web-${hash}" has successfully progressed.`,
        lastTransitionTime: '2026-01-01T00:00:00Z',
        lastUpdateTime: '2026-01-01T00:00:01Z',
      },
    ],
  });
  expect(revision(await current())).toBe('1');
  expect(await world.eventLines('web')).toEqual([
    `Normal ScalingReplicaSet: Scaled up replica set web-${hash} from 0 to 3`,
  ]);
});

test('a rolling update keeps to its bounds and leaves nothing old', async () => {
  await world.client.create(deployments, deployment(4));
  await world.advance(3_000);
  await change({ template: template('v2') });
  const seen: number[] = [];
  for (let step = 0; step < 40; step++) {
    await world.advance(250);
    const all = (await world.list(pods)).filter((pod) => pod.metadata.deletionTimestamp === undefined);
    const ready = all.filter((pod) => pod.status?.conditions?.some(({ status }) => status === 'True'));
    expect(all.length).toBeLessThanOrEqual(5);
    seen.push(ready.length);
  }
  expect(Math.min(...seen)).toBe(3);
  expect(await sizes()).toEqual(['v1:0', 'v2:4']);
  expect((await current()).status).toMatchObject({ updatedReplicas: 4, replicas: 4, availableReplicas: 4 });
  expect(revision(await current())).toBe('2');
});

test('a bad template stops, is told of after the deadline, and undoing it goes back to the old ReplicaSet', async () => {
  await world.client.create(deployments, deployment(4, { progressDeadlineSeconds: 60 }));
  await world.advance(3_000);
  const [first] = await world.list(replicaSets);
  await change({ template: template('bad') });
  await world.advance(59_000);
  expect(await condition('Progressing')).toMatchObject({ status: 'True', reason: 'ReplicaSetUpdated' });
  expect(await condition('Available')).toMatchObject({ status: 'True' });
  await world.advance(4_000);
  const bad = (await world.list(replicaSets)).find((each) => each.metadata.name !== first?.metadata.name);
  expect(await condition('Progressing')).toMatchObject({
    status: 'False',
    reason: 'ProgressDeadlineExceeded',
    message: `ReplicaSet "${bad?.metadata.name}" has timed out progressing.`,
  });
  expect(await sizes()).toEqual(['v1:3', 'bad:2']);
  await change({ template: template('v1') });
  await world.advance(10_000);
  // The old ReplicaSet is the newest revision again and remembers which it was.
  expect(await sizes()).toEqual(['bad:0', 'v1:4']);
  const again = await world.client.get(replicaSets, { namespace: 'shop', name: first?.metadata.name ?? '' });
  expect(again.metadata.annotations).toMatchObject({
    'deployment.kubernetes.io/revision': '3',
    'deployment.kubernetes.io/revision-history': '1',
  });
  expect(revision(await current())).toBe('3');
  expect(await condition('Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
});

test('comes after the revision of a ReplicaSet that it takes over, however large that is', async () => {
  const annotations = { 'deployment.kubernetes.io/revision': '3546343826724305832' };
  await world.client.create(replicaSets, {
    metadata: { namespace: 'shop', name: 'by-hand', labels: { app: 'web' }, annotations },
    spec: { replicas: 1, selector: { matchLabels: { app: 'web' } }, template: template('v0') },
  });
  await world.client.create(deployments, deployment(1));
  await world.advance(10_000);
  expect(await sizes()).toEqual(['v0:0', 'v1:1']);
  expect(revision(await current())).toBe('3546343826724305833');
});

test('goes back to the revision that an annotation names, with the annotations of then', async () => {
  await world.client.create(deployments, deployment(1));
  await world.advance(5_000);
  await change({ template: template('v2') });
  await annotate({ team: 'b' });
  await world.advance(5_000);
  await annotate({ 'deprecated.deployment.rollback.to': '1' });
  await world.advance(5_000);
  expect(await sizes()).toEqual(['v2:0', 'v1:1']);
  const { annotations } = (await current()).metadata;
  expect(annotations).toEqual({ team: 'a', 'deployment.kubernetes.io/revision': '3' });
  for (const revision of ['0', '7', '4']) {
    await annotate({ 'deprecated.deployment.rollback.to': revision });
    await world.advance(5_000);
  }
  expect(await sizes()).toEqual(['v1:0', 'v2:1']);
  expect((await current()).metadata.annotations?.['deprecated.deployment.rollback.to']).toBeUndefined();
  const told = (await world.eventLines('web')).filter((line) => line.includes('Rollback'));
  expect(told).toEqual([
    'Normal DeploymentRollback: Rolled back deployment "web" to revision 1',
    'Normal DeploymentRollback: Rolled back deployment "web" to revision 2',
    'Warning DeploymentRollbackRevisionNotFound: Unable to find the revision to rollback to.',
    'Warning DeploymentRollbackTemplateUnchanged: The rollback revision contains the same template as current deployment "web"',
  ]);
});

test('recreating waits until the last old pod is gone', async () => {
  await world.client.create(deployments, deployment(2, { strategy: { type: 'Recreate' } }));
  await world.advance(3_000);
  await change({ template: template('v2') });
  await world.advance(500);
  const images = async () => (await world.list(pods)).map((pod) => pod.spec?.containers[0]?.image);
  expect(await images()).toEqual(['v1', 'v1']);
  await world.advance(10_000);
  expect(await images()).toEqual(['v2', 'v2']);
  expect((await current()).status).toMatchObject({ updatedReplicas: 2, availableReplicas: 2 });
});

test('scaling amid a rollout is shared out in proportion', async () => {
  await world.client.create(
    deployments,
    deployment(10, {
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } },
    }),
  );
  await world.advance(3_000);
  await change({ template: template('bad') });
  await world.advance(5_000);
  expect(await sizes()).toEqual(['v1:8', 'bad:5']);
  await change({ replicas: 15 });
  await world.advance(5_000);
  // 18 pods may be: 5 more, of which the larger gets 3 and the smaller 2.
  expect(await sizes()).toEqual(['v1:11', 'bad:7']);
});

test('while paused nothing is rolled out, but scaled; resuming goes on', async () => {
  await world.client.create(deployments, deployment(2));
  await world.advance(3_000);
  await change({ paused: true });
  await world.advance(1_000);
  expect(await condition('Progressing')).toMatchObject({
    status: 'Unknown',
    reason: 'DeploymentPaused',
    message: 'Deployment is paused',
  });
  await change({ template: template('v2') });
  await world.advance(5_000);
  expect(await sizes()).toEqual(['v1:2']);
  await change({ replicas: 3 });
  await world.advance(5_000);
  expect(await sizes()).toEqual(['v1:3']);
  await change({ paused: false });
  await world.advance(10_000);
  expect(await sizes()).toEqual(['v1:0', 'v2:3']);
  expect(await condition('Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
});

test('old ReplicaSets beyond the history limit go, the oldest first', async () => {
  await world.client.create(deployments, deployment(1, { revisionHistoryLimit: 2 }));
  for (const image of ['v2', 'v3', 'v4', 'v5']) {
    await world.advance(5_000);
    await change({ template: template(image) });
  }
  await world.advance(5_000);
  expect(await sizes()).toEqual(['v3:0', 'v4:0', 'v5:1']);
});

test('a name that another ReplicaSet has leads to another hash', async () => {
  const blocked = await blockedName();
  await world.client.create(deployments, deployment(1));
  await world.advance(5_000);
  expect((await current()).status?.collisionCount).toBe(1);
  const names = await world.names(replicaSets);
  expect(names).toHaveLength(2);
  expect(names).toContain(blocked);
});

/** Creates a foreign ReplicaSet with the name that the Deployment's will have. */
async function blockedName(): Promise<string> {
  await world.client.create(deployments, deployment(1));
  await world.advance(2_000);
  const [existing] = await world.list(replicaSets);
  const name = existing?.metadata.name ?? '';
  await world.client.delete(deployments, key);
  await world.client.delete(replicaSets, { namespace: 'shop', name });
  await world.client.create(replicaSets, {
    metadata: { namespace: 'shop', name },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: 'other' } },
      template: { ...template('other'), metadata: { labels: { app: 'other' } } },
    },
  });
  await world.advance(2_000);
  return name;
}

test('when pods are refused, the Deployment says why', async () => {
  await world.stop();
  world = await ControllerWorld.make({
    admission: [
      {
        name: 'quota',
        validate({ type }) {
          if (type.resource === 'pods')
            throw new StatusError({ reason: 'Forbidden', code: 403, message: 'exceeded quota: q' });
        },
      },
    ],
  });
  world.start(deploymentController, replicaSetController);
  await world.client.create(deployments, deployment(3));
  await world.advance(10_000);
  expect(await condition('ReplicaFailure')).toMatchObject({
    status: 'True',
    reason: 'FailedCreate',
    message: 'exceeded quota: q',
  });
  expect(await condition('Available')).toMatchObject({
    status: 'False',
    reason: 'MinimumReplicasUnavailable',
    message: 'Deployment does not have minimum availability.',
  });
});

test('settles: nothing is written once all is as it should be', async () => {
  await world.client.create(deployments, deployment(3));
  await world.advance(10_000);
  const before = (await world.client.list(pods)).metadata.resourceVersion;
  await world.advance(3_600_000);
  expect((await world.client.list(pods)).metadata.resourceVersion).toBe(before);
});
