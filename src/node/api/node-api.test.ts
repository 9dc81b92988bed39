import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NodeWorld } from '../../../test/support/node-world.ts';
import { PortForwardClient } from '../../wire/port-forward/port-forward-client.ts';
import type { StreamOptions } from '../../wire/remote-command/exec-streams.ts';
import { webSocketExec } from '../../wire/remote-command/websocket-exec-client.ts';

let world: NodeWorld;
beforeEach(async () => {
  world = await NodeWorld.start({
    program: ({ config }) => ({
      output: [`attempt ${config.metadata.attempt} begins`],
      ...(config.metadata.name === 'short' && { exitAfterMs: 1000, exitCode: 1 }),
      cpuCores: 0.5,
      memoryBytes: 1000,
    }),
  });
});
afterEach(() => world.close());

test('answers health by the state of the runtime', async () => {
  await world.advance(1);
  expect(await world.get('/healthz')).toEqual([200, 'ok']);
  world.runtime.setUnavailable('connection refused');
  await world.advance(40);
  expect(await world.get('/healthz')).toEqual([500, 'container runtime is down']);
  expect(await world.get('/healthz/ping')).toEqual([200, 'ok']);
  expect(await world.get('/nothing')).toEqual([404, '404 page not found\n']);
  const [, slis] = await world.get('/metrics/slis');
  expect(slis).toContain('kubernetes_healthcheck{name="syncloop",type="healthz"} 0\n');
  expect(slis).toContain('kubernetes_healthchecks_total{name="syncloop",status="error",type="healthz"} 1\n');
  expect(slis).toContain('kubernetes_healthchecks_total{name="log",status="success",type="healthz"} 2\n');
});

test('gives the logs of a container and of the one before it', async () => {
  await world.createPod('web', {
    containers: [
      { name: 'main', image: 'nginx:1' },
      { name: 'short', image: 'nginx:1' },
    ],
  });
  await world.advance(0.5);
  expect(await world.get('/containerLogs/default/web/main')).toEqual([200, 'attempt 0 begins\n']);
  expect(await world.get('/containerLogs/default/web/short?previous=true')).toEqual([
    400,
    'previous terminated container "short" in pod "web" not found',
  ]);
  await world.advance(1);
  expect(await world.get('/containerLogs/default/web/short')).toEqual([200, 'attempt 1 begins\n']);
  expect(await world.get('/containerLogs/default/web/short?previous=true')).toEqual([200, 'attempt 0 begins\n']);
});

test('says why there are no logs', async () => {
  world.runtime.images.failPull('absent:1', 'not there');
  await world.createPod('web', { containers: [{ name: 'main', image: 'absent:1', imagePullPolicy: 'Always' }] });
  await world.advance(1);
  expect(await world.get('/containerLogs/default/none/main')).toEqual([404, 'pod "none" does not exist']);
  expect(await world.get('/containerLogs/default/web/x')).toEqual([404, 'container "x" not found in pod "web"']);
  expect(await world.get('/containerLogs/default/web/main?tailLines=-1')).toEqual([
    422,
    '{"message": "Invalid request."}',
  ]);
  expect(await world.get('/containerLogs/default/web')).toEqual([404, '404: Page Not Found']);
  expect(await world.get('/containerLogs/default/web/main')).toEqual([
    400,
    'container "main" in pod "web" is waiting to start: image can\'t be pulled',
  ]);
});

test('runs a command whose output is the answer', async () => {
  const pod = await world.createPod('web', { containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.advance(1);
  const post = async (path: string) => {
    const { status, body } = await world.nodeApi.fetch({ method: 'POST', path, headers: {} });
    return [status, body instanceof Uint8Array ? Buffer.from(body).toString('utf8') : ''];
  };
  expect(await post('/run/default/web/main?cmd=echo+hi+you')).toEqual([200, 'hi you\n']);
  expect(await post(`/run/default/web/${pod.metadata.uid}/main?cmd=hostname`)).toEqual([200, 'web\n']);
  expect(await post('/run/default/web/main?cmd=false+x')).toEqual([500, "command 'false x' exited with 1: "]);
  expect(await post('/run/default/web/none?cmd=id')).toEqual([500, 'container not found ("none")']);
  expect(await post('/run/default/none/main?cmd=id')).toEqual([404, 'pod does not exist']);
  expect(await post('/run/default/web')).toEqual([404, '404: Page Not Found']);
  expect((await world.get('/run/default/web/main?cmd=id'))[0]).toBe(405);
});

test('lists its pods with their newest statuses', async () => {
  await world.createPod('web', { containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.advance(1);
  const [, body] = await world.get('/pods');
  const { kind, items } = JSON.parse(body);
  expect(kind).toBe('PodList');
  expect(items).toMatchObject([{ metadata: { name: 'web' }, status: { phase: 'Running' } }]);
});

test('measures cpu and memory of pods and of the node', async () => {
  await world.createPod('web', {
    containers: [
      { name: 'main', image: 'nginx:1' },
      { name: 'side', image: 'nginx:1' },
    ],
  });
  await world.advance(10);
  await world.get('/stats/summary');
  await world.advance(10);
  const summary = JSON.parse((await world.get('/stats/summary'))[1]);
  expect(summary.node).toMatchObject({ nodeName: 'node-1', fs: { capacityBytes: 100 * 2 ** 30 } });
  expect(summary.pods).toMatchObject([
    {
      podRef: { name: 'web', namespace: 'default' },
      cpu: { usageNanoCores: 1e9, usageCoreNanoSeconds: 20e9 },
      memory: { workingSetBytes: 2000 },
      containers: [{ name: 'main', cpu: { usageNanoCores: 5e8 } }, { name: 'side' }],
    },
  ]);
  const computeOnly = JSON.parse((await world.get('/stats/summary?only_cpu_and_memory=true'))[1]);
  expect(Object.keys(computeOnly.pods[0])).toEqual(['podRef', 'startTime', 'containers', 'cpu', 'memory', 'swap']);
  expect(Object.keys(computeOnly.node)).not.toContain('fs');
  const [, metrics] = await world.get('/metrics/resource');
  expect(metrics).toContain('node_memory_working_set_bytes 2000 ');
  expect(metrics).toContain('resource_scrape_error 0\n');
  expect(metrics).toContain('container_cpu_usage_seconds_total{container="main",namespace="default",pod="web"} 10 ');
  expect(metrics).toContain('pod_memory_working_set_bytes{namespace="default",pod="web"} 2000 ');
  expect(metrics).toContain('# TYPE node_cpu_usage_seconds_total counter');
});

test('says why it cannot tell what is used', async () => {
  await world.createPod('web', { containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.advance(1);
  world.runtime.setUnavailable('connection refused');
  const down = 'rpc error: code = Unavailable desc = connection refused';
  const why = `failed to list pod stats: failed to list all container stats: ${down}`;
  expect(await world.get('/stats/summary?only_cpu_and_memory=true')).toEqual([500, `Internal Error: ${why}`]);
  expect((await world.get('/metrics/resource'))[1]).toMatch(
    /^# HELP resource_scrape_error .*\n.*\nresource_scrape_error 1\n$/,
  );
  const values = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const [status, text] = await world.get('/metrics/cadvisor');
  expect([status, values(text)]).toEqual([200, ['container_scrape_error 1', 'machine_scrape_error 1']]);
});

test('tells of containers as dashboards know them, and of what runs', async () => {
  await world.createPod('web', { containers: [{ name: 'main', image: 'nginx:1' }] });
  await world.advance(4);
  const [status, text] = await world.get('/metrics/cadvisor');
  expect(status).toBe(200);
  expect(text).toMatch(
    /^container_cpu_usage_seconds_total\{container="main",cpu="total",id="\/stuurman\/kubepods\/(besteffort\/)?pod[^"]+",image="[^"]*nginx:1",name="[0-9a-f]{64}",namespace="default",pod="web"\} 2 \d+$/m,
  );
  expect(text).toMatch(
    /^container_memory_working_set_bytes\{container="",id="\/",image="",name="",namespace="",pod=""\} 1000 \d+$/m,
  );
  expect(text).toMatch(/^machine_cpu_cores\{boot_id="[^"]+",machine_id="[^"]+",system_uuid="[^"]+"\} 4$/m);
  expect(JSON.parse((await world.get('/runningpods/'))[1]).items).toMatchObject([
    { metadata: { name: 'web' }, spec: { containers: [{ name: 'main', resources: {} }] } },
  ]);
});

test('gives the logs of the machine, and refuses what a kubelet can be told to refuse', async () => {
  await world.host.files.makeDirectory('/var/log/apt');
  await world.host.files.write('/var/log/sys&tem.log', 'first\n');
  await world.host.files.write('/var/log/apt/history.log', 'installed\n');
  expect(await world.get('/logs/')).toEqual([
    200,
    '<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n<a href="apt/">apt/</a>\n<a href="sys&amp;tem.log">sys&amp;tem.log</a>\n</pre>\n',
  ]);
  expect(await world.get('/logs/sys&tem.log')).toEqual([200, 'first\n']);
  expect(await world.get('/logs/apt/history.log')).toEqual([200, 'installed\n']);
  expect(await world.get('/logs/apt')).toEqual([301, '']);
  expect(await world.get('/logs/none')).toEqual([404, '404 page not found\n']);
  expect(await world.get('/debug/pprof/heap')).toEqual([405, 'profiling endpoint is disabled.\n']);
  expect(await world.get('/debug/flags/v')).toEqual([405, 'flags endpoint is disabled.\n']);
});

test('says how it is set up', async () => {
  const { kubeletconfig } = JSON.parse((await world.get('/configz'))[1]);
  expect(kubeletconfig).toMatchObject({
    kind: 'KubeletConfiguration',
    maxPods: 110,
    nodeStatusReportFrequency: '5m0s',
    evictionHard: { 'memory.available': '100Mi' },
  });
});

test('tells of disks, volumes and the machine, too', async () => {
  await world.createPod('web', {
    containers: [{ name: 'main', image: 'nginx:1', volumeMounts: [{ name: 'room', mountPath: '/room' }] }],
    volumes: [{ name: 'room', emptyDir: {} }],
  });
  await world.advance(1);
  const { node, pods } = JSON.parse((await world.get('/stats/summary'))[1]);
  expect(node.runtime.imageFs).toEqual(node.runtime.containerFs);
  expect(node.rlimit).toMatchObject({ maxpid: 32_768, curproc: 100 });
  expect(pods[0].volume).toMatchObject([{ name: 'room', capacityBytes: 100 * 2 ** 30, inodesUsed: 1 }]);
  const { containers, 'ephemeral-storage': storage } = pods[0];
  expect(containers[0].logs.usedBytes).toBeGreaterThan(0);
  expect(storage.usedBytes).toBeGreaterThanOrEqual(containers[0].logs.usedBytes);
});

test('runs commands in containers', async () => {
  await world.createPod('web', { containers: [{ name: 'main', image: 'nginx:1', env: [{ name: 'A', value: 'b' }] }] });
  await world.advance(1);
  expect(await world.exec('default/web/main', ['sh', '-c', 'echo hello; exit 3'])).toBe('hello\n||3');
  expect(await world.exec('default/web/main', ['cat'], 'typed in')).toBe('typed in||0');
  expect(await world.exec('default/web/main', ['nope'])).toBe(
    '|exec: "nope": executable file not found in $PATH\n|127',
  );
  await expect(world.exec('default/web/other', ['true'])).rejects.toThrow('container not found ("other")');
  await expect(world.exec('default/none/main', ['true'])).rejects.toThrow('pod does not exist');
});

describe('attach', () => {
  const shell = { name: 'main', image: 'nginx:1', command: ['sh'], stdin: true, stdinOnce: true };
  const everything = { stdin: true, stdout: true, stderr: true, tty: false };
  const attach = (name: string, options: StreamOptions) => {
    const query = new URLSearchParams({ input: '1', output: '1', error: '1', ...(options.tty && { tty: '1' }) });
    return webSocketExec(world.environment, world.nodeApi, `/attach/default/${name}?${query}`, options);
  };

  test('joins what is typed to what the container reads, until it ends', async () => {
    world = await NodeWorld.start();
    await world.createPod('web', { containers: [shell], restartPolicy: 'Never' });
    await world.advance(1);
    const session = await attach('web/main', everything);
    await session.stdin?.write(Buffer.from('echo one\nno'));
    await session.stdin?.write(Buffer.from('thing\nexit 3\n'));
    expect(await text(session.stdout)).toBe('one\n');
    expect(await text(session.stderr)).toBe('exec: "nothing": executable file not found in $PATH\n');
    // How the container ended is in the status of its pod.
    expect(await session.exit).toBe(0);
    await world.advance(1);
    expect(await world.get('/containerLogs/default/web/main')).toEqual([
      200,
      'one\nexec: "nothing": executable file not found in $PATH\n',
    ]);
  });

  test('the end of stdin is that of what reads it once', async () => {
    world = await NodeWorld.start();
    await world.createPod('web', { containers: [{ ...shell, command: ['cat'] }], restartPolicy: 'Never' });
    await world.advance(1);
    const session = await attach('web/main', everything);
    await session.stdin?.write(Buffer.from('the last'));
    await session.stdin?.close();
    expect(await text(session.stdout)).toBe('the last\n');
    expect(await session.exit).toBe(0);
  });

  test('several look at one container, whose terminal was decided when it was made', async () => {
    world = await NodeWorld.start();
    await world.createPod('web', { containers: [{ ...shell, tty: true, stdinOnce: false }] });
    await world.advance(1);
    const [first, second] = [await attach('web/main', everything), await attach('web/main', everything)];
    await first.stdin?.write(Buffer.from('echo shared\rexit\r'));
    expect([await text(first.stdout), await text(second.stdout)]).toEqual(['shared\r\n', 'shared\r\n']);
  });

  test('what does not run is refused', async () => {
    await world.createPod('web', { containers: [{ name: 'main', image: 'nginx:1' }] });
    await world.advance(1);
    await expect(attach('web/other', everything)).rejects.toThrow('container other not found in pod web_default');
    await expect(attach('none/main', everything)).rejects.toThrow('pod does not exist');
  });
});

describe('port-forward', () => {
  const forward = (name: string) =>
    PortForwardClient.overWebSocket(world.environment, world.nodeApi, `/portForward/default/${name}`);

  test('connects to what listens in the pod, and tells where nothing does', async () => {
    world = await NodeWorld.start({
      program: () => ({ answer: ({ port }) => (port === 80 ? { outcome: 'success', message: '' } : undefined) }),
    });
    await world.createPod('web', { containers: [{ name: 'main', image: 'nginx:1' }] });
    await world.advance(1);
    const client = await forward('web');
    const { data } = await client.connect(80);
    data.write('GET / HTTP/1.1\r\n\r\n');
    expect(await text(data)).toContain('\r\n\r\nweb\n');
    const refused = await client.connect(81);
    expect(await refused.ended).toMatch(/^error forwarding port 81 to pod [0-9a-f]{64}, uid : .*connection refused$/);
    client.close();
  });

  test('ends with the pod', async () => {
    await world.createPod('web', { containers: [{ name: 'main', image: 'nginx:1' }] });
    await world.advance(1);
    const client = await forward('web');
    await world.deletePod('web');
    await world.advance(40);
    await client.closed;
    await expect(forward('web')).rejects.toThrow('unable to upgrade connection: pod does not exist');
  });
});

async function text(source: AsyncIterable<Uint8Array> | undefined): Promise<string> {
  return Buffer.concat(await Array.fromAsync(source ?? [])).toString();
}
