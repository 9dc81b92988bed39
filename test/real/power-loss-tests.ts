import { expect, test } from 'vitest';
import { busyboxImage } from '../../src/node/images/making/busybox-image.ts';
import type { PodSpec } from '../../src/resources/schema/core-v1.generated.ts';
import {
  configMaps,
  nodes,
  persistentVolumeClaims,
  pods,
  services,
} from '../../src/resources/schema/resource-types.generated.ts';
import { containerOf, restarts, type TroubledCluster } from './troubled-cluster.ts';

const namespace = 'default';
const mounts = ['disk', 'claim', 'memory', 'settings'].map((name) => ({ name, mountPath: `/${name}` }));
const shell = (name: string, script: string) => ({
  name,
  image: busyboxImage.image,
  command: ['sh', '-c', script],
  volumeMounts: mounts,
});

/** Notes in each of its volumes whenever it starts. */
const keeper: PodSpec = {
  nodeSelector: { 'kubernetes.io/hostname': 'other' },
  terminationGracePeriodSeconds: 0,
  initContainers: [shell('setup', 'echo set up >> /claim/setups')],
  containers: [
    {
      ...shell(
        'main',
        'for each in disk claim memory; do echo >> /$each/starts; done; exec httpd -f -p 8080 -h /claim',
      ),
      readinessProbe: { httpGet: { path: '/setups', port: 8080 }, periodSeconds: 1 },
    },
  ],
  volumes: [
    { name: 'disk', emptyDir: {} },
    { name: 'claim', persistentVolumeClaim: { claimName: 'keeper' } },
    { name: 'memory', emptyDir: { medium: 'Memory' } },
    { name: 'settings', configMap: { name: 'keeper' } },
  ],
};

/** A machine that loses its power: containerd, agent and containers with all that was in memory. */
export function powerLossTests(trouble: TroubledCluster): void {
  test('one that is rebooted starts its pods again with what was on their disks, under addresses that nobody had', {
    concurrent: false,
  }, async () => {
    const { cluster, machine, here, sampler } = trouble;
    const { client } = cluster;
    const metadata = { name: 'keeper', namespace };
    await client.create(configMaps, { metadata, data: { colour: 'blue' } });
    await client.create(persistentVolumeClaims, {
      metadata,
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    await client.create(services, {
      metadata,
      spec: { selector: { app: 'keeper' }, ports: [{ port: 80, targetPort: 8080 }] },
    });
    await client.create(pods, { metadata: { ...metadata, labels: { app: 'keeper' } }, spec: keeper });
    await cluster.run('once', 'other', 'sleep 3600', { restartPolicy: 'Never' });
    await cluster.run('finished', 'other', 'echo done', { restartPolicy: 'Never' });
    await cluster.run('caller', here, 'sleep 3600');
    const [before] = await Promise.all([trouble.ready('keeper'), trouble.ready('once'), trouble.ready('caller')]);
    const finished = await ended('finished', 'Succeeded');
    const addresses = await podAddresses();
    expect(addresses.size).toBeGreaterThan(2);
    const bootId = await bootIdOf();

    await machine.reboot();
    await machine.stuurman(['join', '--detach']);

    const after = await cluster.until('the pod has started again', async () => {
      const pod = await trouble.ready('keeper');
      return containerOf(pod) === containerOf(before) ? undefined : pod;
    });
    expect(after.metadata.uid).toBe(before.metadata.uid);
    expect(restarts(after)).toBe(1);
    expect(after.status?.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({
      exitCode: 255,
      reason: 'Unknown',
    });
    expect(await trouble.told('keeper')).toContain(
      'SandboxChanged: Pod sandbox changed, it will be killed and re-created.',
    );
    const counted = 'cd /; wc -l < disk/starts; wc -l < claim/starts; wc -l < memory/starts; wc -l < claim/setups';
    expect(await cluster.exec('keeper', `${counted}; cat settings/colour`)).toBe('2\n2\n1\n2\nblue');
    expect(await cluster.exec('caller', 'timeout 10 wget -q -O - http://keeper/starts | wc -l')).toBe('2\n');
    expect([...(await podAddresses())].filter((address) => addresses.has(address))).toEqual([]);

    const once = await ended('once', 'Failed');
    expect(once.status?.containerStatuses?.[0]).toMatchObject({
      restartCount: 0,
      state: { terminated: { exitCode: 255, reason: 'Unknown' } },
    });
    expect((await ended('finished', 'Succeeded')).status?.containerStatuses).toEqual(
      finished.status?.containerStatuses,
    );
    expect(await bootIdOf()).not.toBe(bootId);
    expect(await trouble.told('other')).toContain(
      `Rebooted: Node other has been rebooted, boot id: ${await bootIdOf()}`,
    );
    expect(sampler.doubles).toEqual([]);

    function ended(name: string, phase: string) {
      return cluster.until(`${name} is ${phase}`, async () => {
        const pod = await trouble.pod(name);
        return pod.status?.phase === phase ? pod : undefined;
      });
    }

    async function bootIdOf(): Promise<string | undefined> {
      return (await client.get(nodes, { name: 'other' })).status?.nodeInfo?.bootID;
    }

    /** Of the pods on the machine that run. */
    async function podAddresses(): Promise<ReadonlySet<string>> {
      const { items } = await client.list(pods, {});
      const own = items.filter(({ spec, status }) => spec?.nodeName === 'other' && status?.phase === 'Running');
      return new Set(own.flatMap(({ status }) => status?.podIP ?? []));
    }
  });
}
