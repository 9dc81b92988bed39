import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { runtimeClasses } from '../../src/resources/schema/resource-types.generated.ts';
import { AgentFixture } from './agent-fixture.ts';

const never = { restartPolicy: 'Never', terminationGracePeriodSeconds: 1 } as const;
const scratch = { volumes: [{ name: 'scratch', emptyDir: {} }] };
const mounted = (mountPath: string, more: object = {}) => ({
  volumeMounts: [{ name: 'scratch', mountPath, ...more }],
});

/** What pods may ask for, by an agent and on containerd, as a kubelet does it. */
describe.skipIf(inject('missing').length > 0)('pods of an agent', () => {
  let fixture: AgentFixture;
  beforeAll(async () => {
    fixture = await AgentFixture.open();
  });
  afterAll(async () => {
    expect(await fixture.close()).toEqual([]);
  });

  const terminated = async (name: string, container = 'main') => {
    const { containerStatuses = [], initContainerStatuses = [] } = (await fixture.read(name))?.status ?? {};
    const status = [...initContainerStatuses, ...containerStatuses].find((each) => each.name === container);
    return status?.state?.terminated;
  };

  test('users, groups, rights, and what belongs to them', async () => {
    const script = `id -u; id -g; id -G; grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status | tr -d '\\t'
      touch /x 2>&1; stat -c '%u %g %a' /scratch; echo ok > /scratch/file; stat -c '%u %g' /scratch/file`;
    await fixture.create('identity', {
      ...never,
      ...scratch,
      securityContext: { fsGroup: 2001, supplementalGroups: [3001], seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          ...fixture.shell('main', script),
          ...mounted('/scratch'),
          securityContext: {
            runAsUser: 1001,
            runAsGroup: 1002,
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
        },
      ],
    });
    const lines = [
      '1001\n1002\n1002 2001 3001',
      'CapEff:0000000000000000\nNoNewPrivs:1\nSeccomp:2',
      'touch: /x: Read-only file system',
      '0 2001 2777\n1001 2001\n',
    ];
    expect(fixture.logOf(await fixture.inPhase('identity', 'Succeeded'), 'main')).toBe(lines.join('\n'));
  });

  test('names, aliases and the resolver', async () => {
    await fixture.create('names', {
      ...never,
      hostname: 'web',
      subdomain: 'svc',
      setHostnameAsFQDN: true,
      hostAliases: [{ ip: '10.1.2.3', hostnames: ['a', 'b.c'] }],
      dnsPolicy: 'None',
      dnsConfig: { nameservers: ['1.2.3.4'], searches: ['x.y'], options: [{ name: 'ndots', value: '3' }] },
      containers: [fixture.shell('main', 'hostname; tail -n 4 /etc/hosts; cat /etc/resolv.conf')],
    });
    const pod = await fixture.inPhase('names', 'Succeeded');
    const full = 'web.svc.default.svc.cluster.local';
    expect(fixture.logOf(pod, 'main')).toBe(
      `${full}\n${pod.status?.podIP}\t${full}\tweb\n\n# Entries added by HostAliases.\n10.1.2.3\ta\tb.c\nsearch x.y\nnameserver 1.2.3.4\noptions ndots:3\n`,
    );
  });

  test('last words, from a file and from the log', async () => {
    await fixture.create('words', {
      ...never,
      containers: [
        { ...fixture.shell('main', "printf 'last words' > /tmp/t; exit 3"), terminationMessagePath: '/tmp/t' },
        { ...fixture.shell('log', 'echo out of luck; exit 4'), terminationMessagePolicy: 'FallbackToLogsOnError' },
      ],
    });
    await fixture.inPhase('words', 'Failed');
    expect(await terminated('words')).toMatchObject({ exitCode: 3, message: 'last words' });
    expect(await terminated('words', 'log')).toMatchObject({ exitCode: 4, message: 'out of luck\n' });
  });

  test('parts of volumes: made for their users, named by variables, and never out of the volume', async () => {
    await fixture.create('parts', {
      ...never,
      ...scratch,
      containers: [
        {
          ...fixture.shell('main', 'id > /part/file; ls /all/*'),
          securityContext: { runAsUser: 1001 },
          env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
          volumeMounts: [
            { name: 'scratch', mountPath: '/part', subPathExpr: 'of-$(POD)' },
            { name: 'scratch', mountPath: '/all' },
          ],
        },
      ],
    });
    await fixture.create('sly', {
      ...never,
      ...scratch,
      initContainers: [{ ...fixture.shell('link', 'ln -s / /scratch/link'), ...mounted('/scratch') }],
      containers: [{ ...fixture.shell('main', 'ls /part'), ...mounted('/part', { subPath: 'link/etc' }) }],
    });
    expect(fixture.logOf(await fixture.inPhase('parts', 'Succeeded'), 'main')).toBe('file\n');
    const waiting = await fixture.until(
      async () => (await fixture.read('sly'))?.status?.containerStatuses?.[0]?.state?.waiting?.message,
    );
    expect(waiting).toBe('failed to prepare subPath for volumeMount "scratch" of container "main"');
    await fixture.remove('sly');
  });

  test('sidecars end after those they serve, the last one first', async () => {
    const sidecar = (name: string) => ({
      ...fixture.shell(
        name,
        `trap 'date +%s%N >> /scratch/ends; echo ${name} >> /scratch/ends; exit 0' TERM; sleep 1000 & wait`,
      ),
      ...mounted('/scratch'),
      restartPolicy: 'Always',
    });
    const path = '/scratch/ends';
    await fixture.create('served', {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 20,
      volumes: [{ name: 'scratch', hostPath: { path: fixture.containerd.directory } }],
      initContainers: [sidecar('first'), sidecar('second')],
      containers: [{ ...fixture.shell('main', `sleep 1; echo main >> ${path}`), ...mounted('/scratch') }],
    });
    const pod = await fixture.inPhase('served', 'Succeeded');
    const ends = await fixture.containerd.host.files.read(`${fixture.containerd.directory}/ends`);
    const names = Buffer.from(ends)
      .toString()
      .split('\n')
      .filter((line) => /^[a-z]+$/.test(line));
    expect(names).toEqual(['main', 'second', 'first']);
    expect(pod.status?.initContainerStatuses?.map(({ state }) => state?.terminated?.exitCode)).toEqual([0, 0]);
  });

  test('a rule that starts all containers over', async () => {
    await fixture.create('over', {
      ...never,
      ...scratch,
      initContainers: [{ ...fixture.shell('init', 'echo init >> /scratch/log'), ...mounted('/scratch') }],
      containers: [
        {
          ...fixture.shell(
            'main',
            'sleep 1; test -e /scratch/once && { cat /scratch/log; exit 0; }; touch /scratch/once; exit 42',
          ),
          ...mounted('/scratch'),
          restartPolicy: 'Never',
          restartPolicyRules: [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } }],
        },
        fixture.shell('other', 'sleep 2'),
      ],
    });
    const pod = await fixture.inPhase('over', 'Succeeded');
    expect(fixture.logOf(pod, 'main', 1)).toBe('init\ninit\n');
    expect(pod.status?.containerStatuses?.map(({ restartCount }) => restartCount)).toEqual([1, 1]);
  });

  test('runtime classes, by the handler that containerd has or has not', async () => {
    await fixture.client.create(runtimeClasses, { metadata: { name: 'usual' }, handler: 'runc' });
    await fixture.client.create(runtimeClasses, { metadata: { name: 'other' }, handler: 'kata' });
    await fixture.create('usual', { ...never, runtimeClassName: 'usual', containers: [fixture.shell('main', 'true')] });
    await fixture.create('boxed', { ...never, runtimeClassName: 'other', containers: [fixture.shell('main', 'true')] });
    await fixture.inPhase('usual', 'Succeeded');
    const told = await fixture.until(async () => (await fixture.events('boxed'))[0]);
    expect(told).toMatch(/^FailedCreatePodSandBox: .*no runtime for "kata" is configured/);
    await fixture.remove('boxed');
  });
});
