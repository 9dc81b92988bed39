import { asTable, get, partial, patch, post, put, remove, type Topic, watch } from '../scenario.ts';
import { maps, namedMap, threeMaps as three } from './three-maps.ts';

/** What a watcher is told of what is there, and of changes that happen meanwhile. */
export const watching: Topic = {
  name: 'watching',
  scenarios: [
    {
      what: 'changes',
      steps: [
        post(maps, { metadata: { name: 'a', labels: { app: 'web' } } }, { as: 'first' }),
        watch(
          maps,
          namedMap('b'),
          patch('merge', `${maps}/b`, { data: { a: 'b' } }),
          put(`${maps}/b`, { metadata: { name: 'b' }, data: { a: 'b' } }),
          remove(`${maps}/b`),
        ),
        watch(`${maps}?resourceVersion={first.metadata.resourceVersion}`),
        watch(`${maps}?resourceVersion=0`),
        watch(`${maps}?resourceVersion={first.metadata.resourceVersion}&allowWatchBookmarks=true`, namedMap('d')),
        watch(
          `${maps}?fieldSelector=metadata.name=a`,
          namedMap('c'),
          patch('merge', `${maps}/a`, { data: { x: 'y' } }),
        ),
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
        watch(
          `${maps}?sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`,
          namedMap('d'),
        ),
        watch(`${maps}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan`),
        watch(`${maps}?sendInitialEvents=true`),
        watch(`${maps}?sendInitialEvents=false&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`),
        watch(`${maps}?resourceVersionMatch=NotOlderThan`),
        watch(`${maps}?sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=0`, namedMap('e')),
        watch(`${maps}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan&continue=x`),
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
        watch(`${maps}?resourceVersion=x`),
        { ...watch(maps, namedMap('d')), ...asTable },
        { ...watch(maps, namedMap('e')), ...partial('PartialObjectMetadata') },
        { ...watch(maps), headers: { accept: 'application/yaml' } },
        { ...watch(maps), headers: { accept: 'text/html' } },
        get(`/api/v1/watch/namespaces/{ns}/configmaps?watch=true&timeoutSeconds=1`),
        get(`${maps}/a?watch=true&timeoutSeconds=1`),
        get(`/api/v1/watch/namespaces/{ns}/configmaps/a?watch=true&timeoutSeconds=1`),
        get(`${maps}?watch=0&limit=1`),
        get(`${maps}?watch=false&limit=1`),
        get(`${maps}?timeoutSeconds=x`),
      ],
    },
  ],
};
