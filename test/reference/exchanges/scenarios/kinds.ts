/** What is asked about one resource. Objects are called `probe` and of the resource's kind: neither is said here. */
export interface KindTable {
  /** `group/version/resource`, the core group being empty. */
  readonly resource: string;
  /** The smallest object that is valid. */
  readonly smallest: Body;
  /** Merge patches of it that make it invalid, for creating. */
  readonly invalid: Readonly<Record<string, Body>>;
  /** Merge patches of the object that is there: what may change and what may not. */
  readonly patches?: Readonly<Record<string, Body>>;
  /** Written to its subresource `status`. */
  readonly status?: Body;
}

export type Body = Readonly<Record<string, unknown>>;

const container = { name: 'main', image: 'web:1' };
const labels = { app: 'web' };
const template = { metadata: { labels }, spec: { containers: [container] } };
const once = { ...template, spec: { ...template.spec, restartPolicy: 'Never' } };
const selector = { matchLabels: labels };
const otherSelector = { spec: { selector: { matchLabels: { app: 'other' } } } };
const noContainers = { spec: { template: { spec: { containers: [] } } } };
const otherLabels = { spec: { template: { metadata: { labels: { app: null, other: 'x' } } } } };
const negativeReplicas = { spec: { replicas: -1 } };
const badStrategy = { spec: { strategy: { type: 'Sometimes' } } };
const badContainerName = { spec: { template: { spec: { containers: [{ name: 'Bad_Name', image: '' }] } } } };
const role = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' };
const rule = { apiGroups: [''], resources: ['pods'], verbs: ['get'] };

const core: readonly KindTable[] = [
  {
    resource: '/v1/configmaps',
    smallest: {},
    invalid: { 'bad key': { data: { 'a b': 'x' } }, 'key twice': { data: { a: 'x' }, binaryData: { a: 'eA==' } } },
    patches: {
      data: { data: { a: '1' } },
      'not text': { data: { a: 1 } },
      immutable: { immutable: true },
      'data of an immutable one': { data: { a: '2' } },
      'mutable again': { immutable: false },
    },
  },
  {
    resource: '/v1/secrets',
    smallest: {},
    invalid: {
      'not base64': { data: { a: '***' } },
      'without what its type needs': { type: 'kubernetes.io/tls' },
      'not a docker configuration': {
        type: 'kubernetes.io/dockerconfigjson',
        stringData: { '.dockerconfigjson': '{' },
      },
    },
    patches: {
      stringData: { stringData: { a: 'x' } },
      type: { type: 'other' },
      immutable: { immutable: true },
      'data of an immutable one': { data: { a: 'eQ==' } },
    },
  },
  {
    resource: '/v1/serviceaccounts',
    smallest: {},
    invalid: { 'bad name': { metadata: { name: 'Not_A_Name' } } },
    patches: { secrets: { secrets: [{ name: 'a' }], automountServiceAccountToken: false } },
  },
  {
    resource: '/v1/endpoints',
    smallest: { subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 80 }] }] },
    invalid: {
      'bad address': { subsets: [{ addresses: [{ ip: 'x' }], ports: [{ port: 80 }] }] },
      loopback: { subsets: [{ addresses: [{ ip: '127.0.0.1' }], ports: [{ port: 80 }] }] },
      'nothing in a subset': { subsets: [{}] },
      'bad port': { subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 0 }, { port: 1, protocol: 'x' }] }] },
    },
    patches: { nothing: { subsets: [] } },
  },
  {
    resource: '/v1/events',
    smallest: { involvedObject: { kind: 'Pod', namespace: '{ns}', name: 'web' } },
    invalid: { 'of another namespace': { involvedObject: { namespace: 'elsewhere' } } },
    patches: { count: { count: 2 }, 'involved object': { involvedObject: { name: 'other' } } },
  },
  {
    resource: '/v1/limitranges',
    smallest: { spec: { limits: [{ type: 'Container', max: { cpu: '1' } }] } },
    invalid: {
      'min above max': { spec: { limits: [{ type: 'Container', min: { cpu: '2' }, max: { cpu: '1' } }] } },
      'no quantity': { spec: { limits: [{ type: 'Container', max: { cpu: 'much' } }] } },
      'type twice': { spec: { limits: [{ type: 'Pod' }, { type: 'Pod' }] } },
    },
    patches: { limits: { spec: { limits: [{ type: 'Pod', max: { memory: '1Gi' } }] } } },
  },
  {
    resource: '/v1/resourcequotas',
    smallest: { spec: {} },
    invalid: {
      'bad resource': { spec: { hard: { 'not a resource': '1' } } },
      negative: { spec: { hard: { pods: '-1' } } },
      'fraction of a pod': { spec: { hard: { pods: '1.5' } } },
      'bad scope': { spec: { scopes: ['Sometimes'] } },
      'scopes that exclude each other': { spec: { hard: { pods: '1' }, scopes: ['BestEffort', 'NotBestEffort'] } },
    },
    patches: {
      hard: { spec: { hard: { pods: '2', 'requests.cpu': '1' } } },
      scopes: { spec: { scopes: ['Terminating'] } },
    },
    status: { status: { hard: { pods: '2' }, used: { pods: '1' } } },
  },
  {
    resource: '/v1/namespaces',
    smallest: {},
    invalid: { 'bad name': { metadata: { name: 'a.b' } }, 'bad finalizer': { spec: { finalizers: ['x y'] } } },
    patches: {
      labels: { metadata: { labels: { a: 'b' } } },
      'the label of its name': { metadata: { labels: { 'kubernetes.io/metadata.name': 'x' } } },
    },
    status: { status: { phase: 'Terminating' } },
  },
  {
    resource: '/v1/nodes',
    smallest: {},
    invalid: {
      'bad taint': { spec: { taints: [{ key: 'a b', effect: 'NoSchedule' }] } },
      'bad effect': { spec: { taints: [{ key: 'a', effect: 'Never' }] } },
      'ranges twice': { spec: { podCIDRs: ['10.0.0.0/24', '10.0.1.0/24'] } },
      'bad range': { spec: { podCIDR: 'x' } },
    },
    patches: {
      unschedulable: { spec: { unschedulable: true } },
      range: { spec: { podCIDR: '10.0.0.0/24' } },
      'another range': { spec: { podCIDR: '10.0.1.0/24', podCIDRs: ['10.0.1.0/24'] } },
      provider: { spec: { providerID: 'a' } },
      'another provider': { spec: { providerID: 'b' } },
    },
    status: {
      status: { capacity: { cpu: '1', pods: '3' }, addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] },
    },
  },
  {
    resource: '/v1/persistentvolumes',
    smallest: { spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/data' } } },
    invalid: {
      'no source': { spec: { hostPath: null } },
      'no capacity': { spec: { capacity: null } },
      'no access modes': { spec: { accessModes: null } },
      'bad access mode': { spec: { accessModes: ['Sometimes'] } },
      'two sources': { spec: { local: { path: '/data' } } },
      backsteps: { spec: { hostPath: { path: '/a/../b' } } },
      'bad reclaim policy': { spec: { persistentVolumeReclaimPolicy: 'Maybe' } },
    },
    patches: {
      'reclaim policy': { spec: { persistentVolumeReclaimPolicy: 'Delete' } },
      source: { spec: { hostPath: { path: '/other' } } },
      capacity: { spec: { capacity: { storage: '2Gi' } } },
      'volume mode': { spec: { volumeMode: 'Block' } },
    },
    status: { status: { phase: 'Released', message: 'x' } },
  },
  {
    resource: '/v1/persistentvolumeclaims',
    smallest: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
    invalid: {
      'no access modes': { spec: { accessModes: null } },
      'no request': { spec: { resources: null } },
      'request of nothing': { spec: { resources: { requests: { storage: '0' } } } },
      'exclusive and not': { spec: { accessModes: ['ReadWriteOncePod', 'ReadWriteMany'] } },
      'bad class': { spec: { storageClassName: 'Not_A_Class' } },
      'bad source': { spec: { dataSource: { kind: 'Pod', name: 'x' } } },
    },
    patches: {
      size: { spec: { resources: { requests: { storage: '2Gi' } } } },
      'access modes': { spec: { accessModes: ['ReadWriteMany'] } },
      volume: { spec: { volumeName: 'a' } },
    },
    status: { status: { phase: 'Bound', capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'] } },
  },
  {
    resource: '/v1/pods',
    smallest: { spec: { containers: [container] } },
    invalid: {
      'no containers': { spec: { containers: [] } },
      'container without name': { spec: { containers: [{ image: 'web:1' }] } },
      'two of a name': { spec: { containers: [container, container] } },
      'bad restart policy': { spec: { restartPolicy: 'Sometimes' } },
      'unknown volume': {
        spec: { containers: [{ ...container, volumeMounts: [{ name: 'data', mountPath: '/data' }] }] },
      },
      'request above limit': {
        spec: { containers: [{ ...container, resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }] },
      },
      'bad port': { spec: { containers: [{ ...container, ports: [{ containerPort: 70_000 }] }] } },
      'bad variable': { spec: { containers: [{ ...container, env: [{ name: 'a=b', value: 'x' }] }] } },
      'probe without handler': { spec: { containers: [{ ...container, livenessProbe: {} }] } },
      'unknown priority class': { spec: { priorityClassName: 'unheard-of' } },
      'unknown service account': { spec: { serviceAccountName: 'unheard-of' } },
      'a list that is none': { spec: { containers: { name: 'main' } } },
    },
    patches: {
      image: { spec: { containers: [{ ...container, image: 'web:2' }] } },
      'restart policy': { spec: { restartPolicy: 'Never' } },
      deadline: { spec: { activeDeadlineSeconds: 60 } },
      'node name': { spec: { nodeName: 'a' } },
      'one more container': { spec: { containers: [container, { name: 'more', image: 'web:1' }] } },
    },
    status: { status: { phase: 'Running', podIP: '192.0.2.1', podIPs: [{ ip: '192.0.2.1' }] } },
  },
  {
    resource: '/v1/podtemplates',
    smallest: { template },
    invalid: {
      'no containers': { template: { spec: { containers: [] } } },
      'bad restart policy': { template: { spec: { restartPolicy: 'x' } } },
    },
    patches: { image: { template: { spec: { containers: [{ ...container, image: 'web:2' }] } } } },
  },
  {
    resource: '/v1/replicationcontrollers',
    smallest: { spec: { selector: labels, template } },
    invalid: {
      'other labels': otherLabels,
      'no containers': noContainers,
      'negative replicas': negativeReplicas,
      'bad restart policy': { spec: { template: { spec: { restartPolicy: 'Never' } } } },
    },
    patches: { replicas: { spec: { replicas: 2 } }, negative: { spec: { replicas: -2 } } },
    status: { status: { replicas: 2, readyReplicas: 1 } },
  },
  {
    resource: '/v1/services',
    smallest: { spec: { ports: [{ port: 80 }] } },
    invalid: {
      'no ports': { spec: { ports: [] } },
      'bad port': { spec: { ports: [{ port: 0 }] } },
      'names missing': { spec: { ports: [{ port: 80 }, { port: 81 }] } },
      'bad type': { spec: { type: 'Sometimes' } },
      'not an address': { spec: { clusterIP: 'x' } },
      'an address of another range': { spec: { clusterIP: '192.0.2.1' } },
      'external name without one': { spec: { type: 'ExternalName' } },
      'node port of another range': { spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] } },
      'affinity for nothing': { spec: { sessionAffinity: 'x' } },
    },
    patches: {
      selector: { spec: { selector: labels } },
      address: { spec: { clusterIP: '10.96.3.3', clusterIPs: ['10.96.3.3'] } },
      'node port': { spec: { type: 'NodePort' } },
      'external name': { spec: { type: 'ExternalName', externalName: 'example.com' } },
    },
    status: { status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } },
  },
];

const apps: readonly KindTable[] = [
  {
    resource: 'apps/v1/controllerrevisions',
    smallest: { revision: 1 },
    invalid: { negative: { revision: -1 } },
    patches: { revision: { revision: 2 }, data: { data: { a: 1 } } },
  },
  {
    resource: 'apps/v1/daemonsets',
    smallest: { spec: { selector, template } },
    invalid: {
      'no selector': { spec: { selector: null } },
      'other labels': otherLabels,
      'no containers': noContainers,
      'bad strategy': { spec: { updateStrategy: { type: 'Sometimes' } } },
      'bad restart policy': { spec: { template: { spec: { restartPolicy: 'Never' } } } },
    },
    patches: {
      image: { spec: { template: { spec: { containers: [{ ...container, image: 'web:2' }] } } } },
      selector: otherSelector,
    },
    status: { status: { currentNumberScheduled: 1, numberMisscheduled: 0, desiredNumberScheduled: 1, numberReady: 1 } },
  },
  {
    resource: 'apps/v1/deployments',
    smallest: { spec: { selector, template } },
    invalid: {
      'no selector': { spec: { selector: null } },
      'other labels': otherLabels,
      'no containers': noContainers,
      'bad container': badContainerName,
      'negative replicas': negativeReplicas,
      'bad strategy': badStrategy,
      'no way to proceed': { spec: { strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 0 } } } },
      'deadline too short': { spec: { progressDeadlineSeconds: 10, minReadySeconds: 10 } },
      'bad restart policy': { spec: { template: { spec: { restartPolicy: 'Never' } } } },
    },
    patches: {
      image: { spec: { template: { spec: { containers: [{ ...container, image: 'web:2' }] } } } },
      replicas: { spec: { replicas: 3 } },
      paused: { spec: { paused: true } },
      selector: otherSelector,
      recreate: { spec: { strategy: { type: 'Recreate' } } },
    },
    status: { status: { replicas: 1, unavailableReplicas: 1, observedGeneration: 1 } },
  },
  {
    resource: 'apps/v1/replicasets',
    smallest: { spec: { selector, template } },
    invalid: {
      'no selector': { spec: { selector: null } },
      'other labels': otherLabels,
      'negative replicas': negativeReplicas,
      'no containers': noContainers,
    },
    patches: { replicas: { spec: { replicas: 2 } }, selector: otherSelector },
    status: { status: { replicas: 2, readyReplicas: 1 } },
  },
  {
    resource: 'apps/v1/statefulsets',
    smallest: { spec: { selector, template, serviceName: 'web' } },
    invalid: {
      'no selector': { spec: { selector: null } },
      'other labels': otherLabels,
      'negative replicas': negativeReplicas,
      'bad policy': { spec: { podManagementPolicy: 'Sometimes' } },
      'bad strategy': { spec: { updateStrategy: { type: 'Sometimes' } } },
      'bad claim': { spec: { volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: {} }] } },
    },
    patches: {
      replicas: { spec: { replicas: 2 } },
      service: { spec: { serviceName: 'other' } },
      selector: otherSelector,
      policy: { spec: { podManagementPolicy: 'Parallel' } },
    },
    status: { status: { replicas: 1, readyReplicas: 1, currentRevision: 'a' } },
  },
  {
    resource: 'batch/v1/jobs',
    smallest: { spec: { template: once } },
    invalid: {
      'restart always': { spec: { template: { spec: { restartPolicy: 'Always' } } } },
      'selector of its own': { spec: { selector } },
      'negative completions': { spec: { completions: -1, parallelism: -1 } },
      'bad mode': { spec: { completionMode: 'Sometimes' } },
      'indexed without completions': { spec: { completionMode: 'Indexed' } },
    },
    patches: {
      parallelism: { spec: { parallelism: 2 } },
      completions: { spec: { completions: 3 } },
      suspend: { spec: { suspend: true } },
      image: { spec: { template: { spec: { containers: [{ ...container, image: 'web:2' }] } } } },
    },
    status: { status: { active: 1, startTime: '2020-01-01T00:00:00Z' } },
  },
  {
    resource: 'batch/v1/cronjobs',
    smallest: { spec: { schedule: '* * * * *', jobTemplate: { spec: { template: once } } } },
    invalid: {
      'no schedule': { spec: { schedule: '' } },
      'bad schedule': { spec: { schedule: 'often' } },
      'zone in the schedule': { spec: { schedule: 'TZ=UTC * * * * *' } },
      'bad zone': { spec: { timeZone: 'Nowhere/Else' } },
      'bad policy': { spec: { concurrencyPolicy: 'Sometimes' } },
      'restart always': { spec: { jobTemplate: { spec: { template: { spec: { restartPolicy: 'Always' } } } } } },
    },
    patches: { suspend: { spec: { suspend: true } }, schedule: { spec: { schedule: '1 2 3 4 5' } } },
    status: { status: { lastScheduleTime: '2020-01-01T00:00:00Z' } },
  },
];

const rest: readonly KindTable[] = [
  {
    resource: 'apiregistration.k8s.io/v1/apiservices',
    smallest: {
      metadata: { name: 'v1.example.com' },
      spec: {
        group: 'example.com',
        version: 'v1',
        groupPriorityMinimum: 100,
        versionPriority: 10,
        service: { name: 'web', namespace: '{ns}' },
      },
    },
    invalid: {
      'bad name': { metadata: { name: 'other' } },
      'no priority': { spec: { groupPriorityMinimum: 0, versionPriority: 0 } },
      'secure and not': { spec: { insecureSkipTLSVerify: true, caBundle: 'eA==' } },
    },
    patches: { priority: { spec: { versionPriority: 20 } } },
  },
  {
    resource: 'events.k8s.io/v1/events',
    smallest: {
      eventTime: '2020-01-01T00:00:00.000000Z',
      type: 'Normal',
      reason: 'Tried',
      action: 'Trying',
      reportingController: 'example.com/a',
      reportingInstance: 'a-1',
      regarding: { kind: 'Pod', namespace: '{ns}', name: 'web' },
    },
    invalid: {
      'no time': { eventTime: null },
      'no reason': { reason: null, action: null },
      'bad controller': { reportingController: 'a b' },
      'bad type': { type: 'x' },
    },
    patches: { series: { series: { count: 2, lastObservedTime: '2020-01-01T00:01:00.000000Z' } }, note: { note: 'x' } },
  },
  {
    resource: 'autoscaling/v2/horizontalpodautoscalers',
    smallest: { spec: { scaleTargetRef: { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' }, maxReplicas: 3 } },
    invalid: {
      'no target': { spec: { scaleTargetRef: null } },
      'no maximum': { spec: { maxReplicas: 0 } },
      'minimum above maximum': { spec: { minReplicas: 4 } },
      'bad metric': {
        spec: { metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization' } } }] },
      },
      'bad behavior': { spec: { behavior: { scaleUp: { stabilizationWindowSeconds: 4000, policies: [] } } } },
    },
    patches: { maximum: { spec: { maxReplicas: 5 } } },
    status: { status: { currentReplicas: 1, desiredReplicas: 2 } },
  },
  {
    resource: 'certificates.k8s.io/v1/clustertrustbundles',
    smallest: { spec: { trustBundle: '' } },
    invalid: { 'no certificates': { spec: { trustBundle: 'x' } }, 'bad signer': { spec: { signerName: 'x' } } },
  },
  {
    resource: 'coordination.k8s.io/v1/leases',
    smallest: {},
    invalid: {
      'no time': { spec: { leaseDurationSeconds: 0, leaseTransitions: -1 } },
      'empty holder': { spec: { holderIdentity: '' } },
    },
    patches: { holder: { spec: { holderIdentity: 'a', leaseDurationSeconds: 15 } } },
  },
  {
    resource: 'discovery.k8s.io/v1/endpointslices',
    smallest: { addressType: 'IPv4', endpoints: [] },
    invalid: {
      'no type': { addressType: null },
      'bad address': { endpoints: [{ addresses: ['x'] }] },
      'no addresses': { endpoints: [{ addresses: [] }] },
      'bad port': { ports: [{ name: 'A B', port: 1 }] },
    },
    patches: {
      type: { addressType: 'IPv6' },
      endpoints: { endpoints: [{ addresses: ['192.0.2.1'] }], ports: [{ port: 80 }] },
    },
  },
  {
    resource: 'networking.k8s.io/v1/ingresses',
    smallest: { spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } } },
    invalid: {
      nothing: { spec: { defaultBackend: null } },
      'bad host': { spec: { rules: [{ host: 'a b' }] } },
      'an address for a host': { spec: { rules: [{ host: '192.0.2.1' }] } },
      'no path type': {
        spec: {
          rules: [{ http: { paths: [{ path: '/', backend: { service: { name: 'web', port: { number: 80 } } } }] } }],
        },
      },
      'relative path': {
        spec: {
          rules: [
            {
              http: {
                paths: [{ path: 'x', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }],
              },
            },
          ],
        },
      },
      'port without name or number': { spec: { defaultBackend: { service: { port: { number: null } } } } },
    },
    patches: {
      class: { spec: { ingressClassName: 'a' } },
      tls: { spec: { tls: [{ hosts: ['example.com'], secretName: 'x' }] } },
    },
    status: { status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } },
  },
  {
    resource: 'networking.k8s.io/v1/ingressclasses',
    smallest: { spec: { controller: 'example.com/ingress' } },
    invalid: {
      'no controller': { spec: { controller: '' } },
      'bad controller': { spec: { controller: 'x' } },
      'bad parameters': { spec: { parameters: { kind: 'x', name: 'y', scope: 'Sometimes' } } },
    },
    patches: { controller: { spec: { controller: 'example.com/other' } } },
  },
  {
    resource: 'networking.k8s.io/v1/ipaddresses',
    smallest: {
      metadata: { name: '192.0.2.9' },
      spec: { parentRef: { resource: 'services', namespace: '{ns}', name: 'web' } },
    },
    invalid: { 'bad name': { metadata: { name: 'x' } }, 'no parent': { spec: { parentRef: null } } },
    patches: { parent: { spec: { parentRef: { name: 'other' } } } },
  },
  {
    resource: 'networking.k8s.io/v1/networkpolicies',
    smallest: { spec: { podSelector: {} } },
    invalid: {
      'bad policy type': { spec: { policyTypes: ['Sometimes'] } },
      'bad range': { spec: { ingress: [{ from: [{ ipBlock: { cidr: 'x' } }] }] } },
      'exception outside': {
        spec: { ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['192.0.2.0/24'] } }] }] },
      },
      'two peers in one': { spec: { ingress: [{ from: [{ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }] }] } },
      'bad port': { spec: { egress: [{ ports: [{ port: 0 }, { port: 10, endPort: 5 }, { port: 'x', endPort: 5 }] }] } },
      'bad selector': { spec: { podSelector: { matchLabels: { 'a b': 'c' } } } },
    },
    patches: {
      egress: { spec: { egress: [{ to: [{ namespaceSelector: {} }], ports: [{ port: 53, protocol: 'UDP' }] }] } },
      ingress: { spec: { ingress: [{}] } },
    },
  },
  {
    resource: 'networking.k8s.io/v1/servicecidrs',
    smallest: { spec: { cidrs: ['10.97.0.0/24'] } },
    invalid: {
      none: { spec: { cidrs: [] } },
      'bad range': { spec: { cidrs: ['x'] } },
      'three of them': { spec: { cidrs: ['10.1.0.0/24', 'fd00::/64', '10.2.0.0/24'] } },
    },
    patches: { ranges: { spec: { cidrs: ['10.98.0.0/24'] } } },
  },
  {
    resource: 'policy/v1/poddisruptionbudgets',
    smallest: { spec: {} },
    invalid: {
      both: { spec: { minAvailable: 1, maxUnavailable: 1 } },
      negative: { spec: { minAvailable: -1 } },
      'bad percentage': { spec: { maxUnavailable: '101%' } },
      'bad policy': { spec: { unhealthyPodEvictionPolicy: 'x' } },
    },
    patches: { minimum: { spec: { minAvailable: 1 } }, selector: { spec: { selector } } },
    status: { status: { currentHealthy: 1, desiredHealthy: 1, disruptionsAllowed: 0, expectedPods: 1 } },
  },
  {
    resource: 'rbac.authorization.k8s.io/v1/clusterroles',
    smallest: {},
    invalid: {
      'no verbs': { rules: [{ apiGroups: [''], resources: ['pods'] }] },
      'paths and resources': { rules: [{ ...rule, nonResourceURLs: ['/x'] }] },
      'bad selector': { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { 'a b': 'c' } }] } },
    },
    patches: { rules: { rules: [rule] } },
  },
  {
    resource: 'rbac.authorization.k8s.io/v1/clusterrolebindings',
    smallest: { roleRef: { ...role, kind: 'ClusterRole' } },
    invalid: {
      'no role': { roleRef: null },
      'role of a namespace': { roleRef: { kind: 'Role' } },
      'bad subject': { subjects: [{ kind: 'x', name: 'y' }] },
    },
    patches: { subjects: { subjects: [{ kind: 'User', name: 'a' }] }, role: { roleRef: { name: 'other' } } },
  },
  {
    resource: 'rbac.authorization.k8s.io/v1/roles',
    smallest: {},
    invalid: {
      'no verbs': { rules: [{ apiGroups: [''], resources: ['pods'] }] },
      paths: { rules: [{ nonResourceURLs: ['/x'], verbs: ['get'] }] },
    },
    patches: { rules: { rules: [rule] } },
  },
  {
    resource: 'rbac.authorization.k8s.io/v1/rolebindings',
    smallest: { roleRef: role },
    invalid: {
      'no role': { roleRef: null },
      'bad group': { roleRef: { apiGroup: 'x' } },
      'bad subject': { subjects: [{ kind: 'ServiceAccount', name: '' }] },
    },
    patches: { subjects: { subjects: [{ kind: 'ServiceAccount', name: 'a' }] }, role: { roleRef: { name: 'other' } } },
  },
  {
    resource: 'storage.k8s.io/v1/csidrivers',
    smallest: { spec: {} },
    invalid: {
      'bad name': { metadata: { name: 'Bad_Name' } },
      'bad mode': { spec: { volumeLifecycleModes: ['x'] } },
      'bad policy': { spec: { fsGroupPolicy: 'x' } },
      'audience twice': { spec: { tokenRequests: [{ audience: 'a' }, { audience: 'a' }] } },
    },
    patches: { attach: { spec: { attachRequired: false } }, republish: { spec: { requiresRepublish: true } } },
  },
  {
    resource: 'storage.k8s.io/v1/csinodes',
    smallest: { spec: { drivers: [] } },
    invalid: {
      'no node id': { spec: { drivers: [{ name: 'a.example.com' }] } },
      'driver twice': {
        spec: {
          drivers: [
            { name: 'a', nodeID: 'x' },
            { name: 'a', nodeID: 'x' },
          ],
        },
      },
    },
    patches: {
      drivers: { spec: { drivers: [{ name: 'a.example.com', nodeID: 'x' }] } },
      'node id': { spec: { drivers: [{ name: 'a.example.com', nodeID: 'y' }] } },
    },
  },
  {
    resource: 'storage.k8s.io/v1/csistoragecapacities',
    smallest: { storageClassName: 'a' },
    invalid: { 'no class': { storageClassName: '' }, negative: { capacity: '-1' } },
    patches: { capacity: { capacity: '1Gi' }, class: { storageClassName: 'b' } },
  },
  {
    resource: 'storage.k8s.io/v1/storageclasses',
    smallest: { provisioner: 'example.com/disk' },
    invalid: {
      'no provisioner': { provisioner: '' },
      'bad binding mode': { volumeBindingMode: 'x' },
      'bad reclaim policy': { reclaimPolicy: 'x' },
      'bad parameters': { parameters: { '': 'x' } },
    },
    patches: {
      expansion: { allowVolumeExpansion: true },
      provisioner: { provisioner: 'other' },
      parameters: { parameters: { a: 'b' } },
    },
  },
  {
    resource: 'storage.k8s.io/v1/volumeattachments',
    smallest: { spec: { attacher: 'a.example.com', nodeName: 'a', source: { persistentVolumeName: 'v' } } },
    invalid: {
      'no source': { spec: { source: null } },
      'no node': { spec: { nodeName: '' } },
      'no attacher': { spec: { attacher: '' } },
    },
    patches: { node: { spec: { nodeName: 'b' } } },
    status: { status: { attached: true } },
  },
  {
    resource: 'storage.k8s.io/v1/volumeattributesclasses',
    smallest: { driverName: 'a.example.com', parameters: { a: 'b' } },
    invalid: { 'no driver': { driverName: '' }, 'no parameters': { parameters: null } },
    patches: { parameters: { parameters: { a: 'c' } } },
  },
  {
    resource: 'admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
    smallest: { webhooks: [] },
    invalid: {
      'bad hook': { webhooks: [{ name: 'x', clientConfig: {}, sideEffects: 'Some', admissionReviewVersions: [] }] },
    },
    patches: {
      hooks: {
        webhooks: [
          {
            name: 'a.example.com',
            clientConfig: { url: 'https://example.com' },
            sideEffects: 'None',
            admissionReviewVersions: ['v1'],
          },
        ],
      },
    },
  },
  {
    resource: 'admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
    smallest: { webhooks: [] },
    invalid: {
      'bad hook': { webhooks: [{ name: 'x', clientConfig: {}, sideEffects: 'Some', admissionReviewVersions: [] }] },
    },
    patches: {
      hooks: {
        webhooks: [
          {
            name: 'a.example.com',
            clientConfig: { url: 'https://example.com' },
            sideEffects: 'None',
            admissionReviewVersions: ['v1'],
          },
        ],
      },
    },
  },
  {
    resource: 'apiextensions.k8s.io/v1/customresourcedefinitions',
    smallest: {
      metadata: { name: 'widgets.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'widgets', kind: 'Widget' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    },
    invalid: {
      'other name': { metadata: { name: 'other.example.com' } },
      'no versions': { spec: { versions: [] } },
      'no schema': { spec: { versions: [{ name: 'v1', served: true, storage: true }] } },
      'nothing stored': {
        spec: {
          versions: [{ name: 'v1', served: true, storage: false, schema: { openAPIV3Schema: { type: 'object' } } }],
        },
      },
      'not structural': {
        spec: {
          versions: [
            { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { properties: { a: {} } } } },
          ],
        },
      },
      'bad scope': { spec: { scope: 'x' } },
    },
  },
  {
    resource: 'scheduling.k8s.io/v1/priorityclasses',
    smallest: { value: 10 },
    invalid: {
      'too high': { value: 2_000_000_000 },
      'system name': { metadata: { name: 'system-x' } },
      'bad policy': { preemptionPolicy: 'x' },
    },
    patches: { description: { description: 'x' }, value: { value: 11 }, policy: { preemptionPolicy: 'Never' } },
  },
  {
    resource: 'node.k8s.io/v1/runtimeclasses',
    smallest: { handler: 'runc' },
    invalid: {
      'no handler': { handler: '' },
      'bad handler': { handler: 'A_B' },
      'bad overhead': { overhead: { podFixed: { cpu: '-1' } } },
      'bad selector': { scheduling: { nodeSelector: { 'a b': 'c' } } },
    },
    patches: { handler: { handler: 'other' }, overhead: { overhead: { podFixed: { cpu: '1' } } } },
  },
  {
    resource: 'flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations',
    smallest: { spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } } },
    invalid: {
      'bad type': { spec: { type: 'x' } },
      'no limit': { spec: { limited: null } },
      'bad response': { spec: { limited: { limitResponse: { type: 'x' } } } },
    },
    patches: { shares: { spec: { limited: { nominalConcurrencyShares: 5 } } } },
  },
  {
    resource: 'flowcontrol.apiserver.k8s.io/v1/flowschemas',
    smallest: { spec: { priorityLevelConfiguration: { name: 'catch-all' } } },
    invalid: {
      'no level': { spec: { priorityLevelConfiguration: { name: '' } } },
      'bad precedence': { spec: { matchingPrecedence: 20_000 } },
      'empty rule': { spec: { rules: [{ subjects: [] }] } },
    },
    patches: { precedence: { spec: { matchingPrecedence: 5 } } },
  },
  {
    resource: 'resource.k8s.io/v1/deviceclasses',
    smallest: { spec: {} },
    invalid: { 'bad expression': { spec: { selectors: [{ cel: { expression: 'x +' } }] } } },
    patches: { selectors: { spec: { selectors: [{ cel: { expression: 'device.driver == "a"' } }] } } },
  },
  {
    resource: 'resource.k8s.io/v1/resourceclaims',
    smallest: { spec: {} },
    invalid: { 'no class': { spec: { devices: { requests: [{ name: 'a', exactly: {} }] } } } },
    patches: { devices: { spec: { devices: { requests: [{ name: 'a', exactly: { deviceClassName: 'b' } }] } } } },
  },
  {
    resource: 'resource.k8s.io/v1/resourceclaimtemplates',
    smallest: { spec: { spec: {} } },
    invalid: { 'no class': { spec: { spec: { devices: { requests: [{ name: 'a', exactly: {} }] } } } } },
    patches: { labels: { spec: { metadata: { labels } } } },
  },
  {
    resource: 'resource.k8s.io/v1/resourceslices',
    smallest: {
      spec: { driver: 'a.example.com', nodeName: 'a', pool: { name: 'a', generation: 1, resourceSliceCount: 1 } },
    },
    invalid: {
      'no node': { spec: { nodeName: null } },
      'no driver': { spec: { driver: '' } },
      'empty pool': { spec: { pool: { resourceSliceCount: 0 } } },
    },
    patches: { driver: { spec: { driver: 'b.example.com' } } },
  },
];

export const kinds: readonly KindTable[] = [...core, ...apps, ...rest];
