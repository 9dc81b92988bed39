import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type DemoCluster, eventually, following, kubectlProgram } from './demo-cluster.ts';
import { ordersInDatabase, visit } from './page.ts';

const configuration = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'tool' },
  data: { COLOUR: 'orange', 'greeting.txt': 'Goedemorgen\n' },
};

const toolPod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'tool', labels: { app: 'tool' } },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'busybox',
        image: 'stuurman.local/busybox:1',
        command: [
          'sh',
          '-c',
          'echo started; touch /tmp/ready; i=0; while sleep 0.2; do i=$((i+1)); echo "tick $i"; done',
        ],
        env: [
          { name: 'COLOUR', valueFrom: { configMapKeyRef: { name: 'tool', key: 'COLOUR' } } },
          { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'BOTH', value: '$(COLOUR) $(POD)' },
        ],
        readinessProbe: { exec: { command: ['cat', '/tmp/ready'] }, periodSeconds: 1 },
        volumeMounts: [{ name: 'configuration', mountPath: '/etc/tool' }],
      },
    ],
    volumes: [{ name: 'configuration', configMap: { name: 'tool' } }],
  },
};

/** The shop and a pod beside it, looked at and worked with by kubectl. */
export function shopTests(cluster: DemoCluster): void {
  describe('the shop', () => {
    test('is reached through the node port, and counts orders in its database', async () => {
      const url = await cluster.pageUrl();
      const first = await visit(url);
      const pages = await Promise.all(Array.from({ length: 40 }, () => visit(url)));
      const orders = pages.map(({ order }) => order);
      expect(new Set(orders).size).toBe(40);
      expect(Math.min(...orders)).toBeGreaterThan(first.order);
      expect([...new Set(pages.map(({ replica }) => replica))].toSorted()).toEqual(['application-0', 'application-1']);
      expect(new Set(pages.map(({ webServer }) => webServer)).size).toBeGreaterThan(1);
      expect(await ordersInDatabase(url)).toBeGreaterThanOrEqual(41);
    });

    test("kubectl get shows it as tables, YAML and columns of one's own", async () => {
      const wide = await cluster.kubectl('get', 'pods', '-o', 'wide');
      expect(wide).toMatch(/^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES\n/);
      expect(wide).toMatch(/\napplication-0 +1\/1 +Running +\d.* \w+ +\d+\.\d+\.\d+\.\d+ +\S+ +<none> +<none>\n/);
      expect(await cluster.kubectl('get', 'deployment', 'web')).toMatch(
        /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +3\/3 +3 +3 +\S+\n$/,
      );
      expect(await cluster.kubectl('get', 'statefulset,persistentvolumeclaim')).toMatch(
        /statefulset\.apps\/application +2\/2[\s\S]+persistentvolumeclaim\/data-application-0 +Bound /,
      );
      expect(await cluster.kubectl('get', 'pod', 'application-0', '-o', 'yaml')).toMatch(
        /\n {4}name: shop\n[\s\S]*\nstatus:\n[\s\S]*\n {2}phase: Running\n/,
      );
      const columns = 'custom-columns=NAME:.metadata.name,IMAGE:.spec.containers[*].image';
      expect(await cluster.kubectl('get', 'pods', '-l', 'app=application', '-o', columns)).toMatch(
        /^NAME +IMAGE\napplication-0 +stuurman\.local\/shop:1\napplication-1 +stuurman\.local\/shop:1\n$/,
      );
      expect(await cluster.kubectl('get', 'nodes')).toMatch(/\n\S+ +Ready +\S+ +\S+ +v1\.\d+/);
    });

    test('kubectl describe tells of pods, services and the node', async () => {
      const pod = await cluster.kubectl('describe', 'pod', 'application-0');
      expect(pod).toMatch(/Controlled By: +StatefulSet\/application\n/);
      expect(pod).toMatch(/Readiness: +http-get http:\/\/:http\/readyz /);
      expect(pod).toMatch(
        / +Normal +Started +\S+.* +kubelet +(spec\.containers\{\w+\}: )?Container started|Started container shop/,
      );
      expect(await cluster.kubectl('describe', 'service', 'web')).toMatch(/NodePort: +http +\d+\/TCP\n/);
      expect(await cluster.kubectl('describe', 'node')).toMatch(/Allocated resources:[\s\S]+ephemeral-storage/);
    });

    test('logs come as they are written, by pod and by label', async () => {
      expect(await cluster.kubectl('logs', 'application-0')).toContain('ready for orders\n');
      expect(await cluster.kubectl('logs', 'deployment/database')).toContain('ready to accept connections');
      const both = await cluster.kubectl('logs', '-l', 'app=application', '--prefix', '--tail=-1');
      expect(both).toMatch(/\[pod\/application-0\/shop\] listening on 8080/);
      expect(both).toMatch(/\[pod\/application-1\/shop\] listening on 8080/);
    });
  });

  describe('a pod beside the shop', () => {
    test('is made, and becomes ready by its probe', async () => {
      expect(await cluster.apply(configuration, toolPod)).toBe('configmap/tool created\npod/tool created\n');
      await cluster.kubectl('wait', '--for=condition=Ready', 'pod/tool', '--timeout=60s');
    });

    test('has the environment and the files of its ConfigMap', async () => {
      const script = 'echo "$COLOUR/$POD/$BOTH"; cat /etc/tool/greeting.txt';
      expect(await cluster.kubectl('exec', 'tool', '--', 'sh', '-c', script)).toBe(
        'orange/tool/orange tool\nGoedemorgen\n',
      );
    });

    test('exec carries output, errors, input and the exit code', async () => {
      const failed = await cluster.tryKubectl(['exec', 'tool', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7']);
      expect(failed).toMatchObject({ code: 7, stdout: 'out\n' });
      expect(failed.stderr).toContain('err\n');
      const input = 'a line\n'.repeat(20_000);
      const echoed = await cluster.tryKubectl(['exec', '-i', 'tool', '--', 'cat'], { stdin: input });
      expect(echoed.code).toBe(0);
      expect(echoed.stdout === input).toBe(true);
    });

    test('logs -f goes on as lines are written', async () => {
      const logs = following(kubectlProgram, cluster.kubectlArguments(['logs', '-f', '--tail=1', 'tool']));
      const lines = await eventually('five lines', async () => {
        const found = logs.text().match(/tick \d+\n/g);
        return found !== null && found.length >= 5 ? found : undefined;
      });
      logs.end();
      await logs.ended;
      const numbers = lines.map((line) => Number(line.slice('tick '.length)));
      expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index));
    });

    test('files are copied in and out unchanged', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'stuurman-e2e-'));
      try {
        const content = randomBytes(3_000_000);
        writeFileSync(join(folder, 'in'), content);
        await cluster.kubectl('cp', join(folder, 'in'), 'tool:/tmp/copied');
        await cluster.kubectl('cp', '--retries=3', 'tool:/tmp/copied', join(folder, 'out'));
        expect(readFileSync(join(folder, 'out')).equals(content)).toBe(true);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

    test('finds services and replicas by their names', async () => {
      const inside = (...command: readonly string[]) => cluster.kubectl('exec', 'tool', '--', ...command);
      const serviceAddress = await cluster.kubectl('get', 'service', 'application', '-o', 'jsonpath={.spec.clusterIP}');
      const podAddress = await cluster.kubectl('get', 'pod', 'application-1', '-o', 'jsonpath={.status.podIP}');
      expect(await inside('nslookup', 'application.shop.svc.cluster.local')).toContain(serviceAddress);
      expect(await inside('nslookup', 'application-1.application-replicas.shop.svc.cluster.local')).toContain(
        podAddress,
      );
      expect(await inside('wget', '-q', '-O', '-', 'http://web/count')).toMatch(/^\{"orders":\d+,/);
      expect(await inside('wget', '-q', '-O', '-', 'http://application.shop:8080/healthz')).toBe('ok\n');
      const missing = await cluster.tryKubectl(['exec', 'tool', '--', 'nslookup', 'nowhere.shop.svc.cluster.local']);
      expect(missing.code).not.toBe(0);
      expect(missing.stdout + missing.stderr).toContain('NXDOMAIN');
    });

    test('loses its readiness when the probe fails, and gets it back', async () => {
      await cluster.kubectl('exec', 'tool', '--', 'rm', '/tmp/ready');
      await cluster.kubectl('wait', '--for=condition=Ready=False', 'pod/tool', '--timeout=60s');
      await cluster.kubectl('exec', 'tool', '--', 'touch', '/tmp/ready');
      await cluster.kubectl('wait', '--for=condition=Ready', 'pod/tool', '--timeout=60s');
      expect(await cluster.kubectl('describe', 'pod', 'tool')).toMatch(/Unhealthy +.*Readiness probe failed: cat: /);
    });

    test('kubectl run starts a pod that ends by itself, and delete leaves no pod', async () => {
      const command = ['--command', '--', 'sh', '-c', 'echo done; exit 3'];
      const image = '--image=stuurman.local/busybox:1';
      expect(await cluster.kubectl('run', 'once', '--restart=Never', image, ...command)).toBe('pod/once created\n');
      await cluster.kubectl('wait', '--for=jsonpath={.status.phase}=Failed', 'pod/once', '--timeout=60s');
      expect(await cluster.kubectl('logs', 'once')).toBe('done\n');
      const code = '{.status.containerStatuses[0].state.terminated.exitCode}';
      expect(await cluster.kubectl('get', 'pod', 'once', '-o', `jsonpath=${code}`)).toBe('3');
      expect(await cluster.kubectl('delete', 'pod', 'once')).toMatch(/^pod "once" deleted/);
      expect((await cluster.tryKubectl(['get', 'pod', 'once'])).stderr).toContain('pods "once" not found');
      expect(await cluster.kubectl('delete', 'pod', 'tool')).toMatch(/^pod "tool" deleted/);
      expect(await cluster.kubectl('get', 'pods', '-l', 'app=tool', '-o', 'name')).toBe('');
    });
  });
}
