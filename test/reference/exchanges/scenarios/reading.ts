import { asTable, get, patch, post, put, remove, type Step, type Topic, watch } from '../scenario.ts';

const maps = '/api/v1/namespaces/{ns}/configmaps';
const pods = '/api/v1/namespaces/{ns}/pods';
const map = (name: string, labels: object = {}) => post(maps, { metadata: { name, labels } });
const three: readonly Step[] = [
  post(maps, { metadata: { name: 'a', labels: { app: 'web', tier: 'front' } } }, { as: 'first' }),
  map('b', { app: 'web', tier: 'back' }),
  map('c'),
];
const pod = (name: string, spec: object = {}) =>
  post(pods, {
    metadata: { name, labels: { app: name } },
    spec: { automountServiceAccountToken: false, containers: [{ name: 'main', image: 'web:1' }], ...spec },
  });
const partial = (what: string) => ({ headers: { accept: `application/json;as=${what};g=meta.k8s.io;v=v1` } });

export const reading: Topic = {
  name: 'reading',
  scenarios: [
    {
      what: 'lists',
      steps: [
        get(maps),
        ...three,
        get(`${maps}?labelSelector=app`),
        get(`${maps}?labelSelector=!app`),
        get(`${maps}?labelSelector=app=web,tier!=back`),
        get(`${maps}?labelSelector=tier in (front, middle)`),
        get(`${maps}?labelSelector=tier notin (front)`),
        get(`${maps}?labelSelector=tier in front`),
        get(`${maps}?labelSelector=a b`),
        get(`${maps}?labelSelector=tier==`),
        get(`${maps}?labelSelector=n>5,n<x`),
        get(`${maps}?labelSelector==x`),
        get(`${maps}?labelSelector=app=${'x'.repeat(64)}`),
        get(`${maps}?fieldSelector=metadata.name=b`),
        get(`${maps}?fieldSelector=metadata.name!=b,metadata.namespace={ns}`),
        get(`${maps}?fieldSelector=metadata.uid=b`),
        get(`${maps}?fieldSelector=x`),
        get(`${maps}?fieldSelector=metadata.name=\\x`),
        get('/api/v1/namespaces/not-there/configmaps'),
        get('/api/v1/configmaps?fieldSelector=metadata.namespace={ns}&limit=500'),
      ],
    },
    {
      what: 'pages',
      steps: [
        ...three,
        get(`${maps}?limit=2`, { as: 'page' }),
        get(`${maps}?limit=2&continue={page.metadata.continue}`),
        get(`${maps}?limit=2&labelSelector=app`),
        get(`${maps}?limit=1&labelSelector=app`),
        get(`${maps}?limit=0`),
        get(`${maps}?limit=-1`),
        get(`${maps}?limit=x`),
        get(`${maps}?limit=2&continue=x`),
        get(`${maps}?limit=2&continue={page.metadata.continue}&resourceVersion=5`),
        get(`${maps}?limit=2&continue={page.metadata.continue}&resourceVersion=0`),
        get(`${maps}?limit=2&resourceVersion=0`),
      ],
    },
    {
      what: 'revisions',
      steps: [
        ...three,
        patch('merge', `${maps}/a`, { data: { x: '1' } }, { as: 'changed' }),
        remove(`${maps}/c`),
        get(`${maps}?resourceVersion=0`),
        get(`${maps}?resourceVersion={changed.metadata.resourceVersion}&resourceVersionMatch=Exact`),
        get(`${maps}?resourceVersion={first.metadata.resourceVersion}&resourceVersionMatch=NotOlderThan`),
        get(`${maps}?resourceVersionMatch=Exact`),
        get(`${maps}?resourceVersionMatch=Sometimes&resourceVersion=1`),
        get(`${maps}?resourceVersion=0&resourceVersionMatch=Exact`),
        get(`${maps}?resourceVersion=x`),
        get(`${maps}/a?resourceVersion=0`),
        get(`${maps}/a?resourceVersion=x`),
        get(`${maps}?sendInitialEvents=true`),
        get(`${maps}/c`),
      ],
    },
    {
      what: 'pods by field',
      steps: [
        pod('a'),
        pod('b', { nodeName: 'one' }),
        pod('c', { restartPolicy: 'Never', serviceAccountName: 'default', schedulerName: 'other' }),
        ...[
          'spec.nodeName=one',
          'spec.nodeName=',
          'spec.nodeName!=one',
          'spec.restartPolicy=Never',
          'spec.schedulerName=other',
          'spec.serviceAccountName=default',
          'status.phase=Pending',
          'status.phase!=Pending',
          'status.podIP=192.0.2.1',
          'spec.hostNetwork=true',
          'status.nominatedNodeName=',
        ].map((selector) => get(`${pods}?fieldSelector=${selector}`, asTable)),
        get(`${pods}?fieldSelector=spec.unknown=x`, asTable),
        get(`${pods}?fieldSelector=spec.nodeName in (a)`, asTable),
      ],
    },
    {
      what: 'tables',
      steps: [
        get(maps, asTable),
        ...three,
        get(maps, asTable),
        get(`${maps}/a`, asTable),
        get(`${maps}?includeObject=None`, asTable),
        get(`${maps}/a?includeObject=Object`, asTable),
        get(`${maps}?includeObject=Sometimes`, asTable),
        get(`${maps}?limit=1`, asTable),
        get(`${maps}/unknown`, asTable),
        get(maps, { headers: { accept: 'application/json;as=Table;v=v2;g=meta.k8s.io' } }),
        get(maps, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' } }),
        get(maps, { headers: { accept: 'application/json;as=Chair;v=v1;g=meta.k8s.io' } }),
        get(maps, { headers: { accept: 'application/json;as=Chair;v=v1;g=meta.k8s.io, application/json' } }),
      ],
    },
    {
      what: 'metadata alone',
      steps: [
        ...three,
        get(`${maps}/a`, partial('PartialObjectMetadata')),
        get(maps, partial('PartialObjectMetadataList')),
        get(`${maps}/a`, partial('PartialObjectMetadataList')),
        get(maps, partial('PartialObjectMetadata')),
        post(maps, { metadata: { name: 'd' } }, partial('PartialObjectMetadata')),
        patch('merge', `${maps}/d`, { data: { a: 'b' } }, partial('PartialObjectMetadata')),
        remove(`${maps}/d`, undefined, partial('PartialObjectMetadata')),
      ],
    },
  ],
};

export const watching: Topic = {
  name: 'watching',
  scenarios: [
    {
      what: 'changes',
      steps: [
        post(maps, { metadata: { name: 'a', labels: { app: 'web' } } }, { as: 'first' }),
        watch(
          maps,
          map('b'),
          patch('merge', `${maps}/b`, { data: { a: 'b' } }),
          put(`${maps}/b`, { metadata: { name: 'b' }, data: { a: 'b' } }),
          remove(`${maps}/b`),
        ),
        watch(`${maps}?resourceVersion={first.metadata.resourceVersion}`),
        watch(`${maps}?resourceVersion=0`),
        watch(`${maps}?resourceVersion={first.metadata.resourceVersion}&allowWatchBookmarks=true`, map('d')),
        watch(`${maps}?fieldSelector=metadata.name=a`, map('c'), patch('merge', `${maps}/a`, { data: { x: 'y' } })),
      ],
    },
    {
      what: 'selectors',
      steps: [
        post(maps, { metadata: { name: 'a', labels: { app: 'web' } } }, { as: 'first' }),
        watch(
          `${maps}?labelSelector=app=web&resourceVersion={first.metadata.resourceVersion}`,
          patch('merge', `${maps}/a`, { data: { x: 'y' } }),
          patch('merge', `${maps}/a`, { metadata: { labels: { app: 'other' } } }),
          patch('merge', `${maps}/a`, { data: { x: 'z' } }),
          patch('merge', `${maps}/a`, { metadata: { labels: { app: 'web' } } }),
          remove(`${maps}/a`),
        ),
        watch(`${maps}?labelSelector=a b`),
        watch(`${maps}?fieldSelector=spec.x=y`),
      ],
    },
    {
      what: 'initial events',
      steps: [
        ...three,
        watch(`${maps}?sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`, map('d')),
        watch(`${maps}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan`),
        watch(`${maps}?sendInitialEvents=true`),
        watch(`${maps}?sendInitialEvents=false&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`),
        watch(`${maps}?resourceVersionMatch=NotOlderThan`),
        watch(`${maps}?sendInitialEvents=true&resourceVersionMatch=Exact&resourceVersion=1`),
        watch(
          `${maps}?sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&labelSelector=tier=front`,
        ),
      ],
    },
    {
      what: 'old revisions and other forms',
      steps: [
        ...three,
        watch(`${maps}?resourceVersion=1`),
        watch(`${maps}?resourceVersion=x`),
        { ...watch(maps, map('d')), ...asTable },
        { ...watch(maps, map('e')), ...partial('PartialObjectMetadata') },
        { ...watch(maps), headers: { accept: 'application/yaml' } },
        { ...watch(maps), headers: { accept: 'text/html' } },
        get(`/api/v1/watch/namespaces/{ns}/configmaps?watch=true&timeoutSeconds=1`),
        get(`${maps}/a?watch=true&timeoutSeconds=1`),
        get(`/api/v1/watch/namespaces/{ns}/configmaps/a?watch=true&timeoutSeconds=1`),
        get(`${maps}?watch=sometimes&limit=1`),
        get(`${maps}?timeoutSeconds=x`),
      ],
    },
  ],
};
