import { patch, post, put, remove, type Topic, watch } from '../scenario.ts';

const maps = '/api/v1/namespaces/{ns}/configmaps';
const named = (name: string) => post(maps, { metadata: { name } });
const first = post(maps, { metadata: { name: 'a', labels: { app: 'web' } } }, { as: 'first' });

/** What a watcher is told of changes that happen meanwhile. */
export const watching: Topic = {
  name: 'watching',
  scenarios: [
    {
      what: 'changes',
      steps: [
        first,
        watch(
          maps,
          named('b'),
          patch('merge', `${maps}/b`, { data: { a: 'b' } }),
          put(`${maps}/b`, { metadata: { name: 'b' }, data: { a: 'b' } }),
          remove(`${maps}/b`),
        ),
        watch(`${maps}?resourceVersion={first.metadata.resourceVersion}`),
        watch(`${maps}?fieldSelector=metadata.name=a`, named('c'), patch('merge', `${maps}/a`, { data: { x: 'y' } })),
      ],
    },
    {
      what: 'selectors',
      steps: [
        first,
        watch(
          `${maps}?labelSelector=app=web&resourceVersion={first.metadata.resourceVersion}`,
          patch('merge', `${maps}/a`, { data: { x: 'y' } }),
          patch('merge', `${maps}/a`, { metadata: { labels: { app: 'other' } } }),
          patch('merge', `${maps}/a`, { data: { x: 'z' } }),
          patch('merge', `${maps}/a`, { metadata: { labels: { app: 'web' } } }),
          remove(`${maps}/a`),
        ),
      ],
    },
  ],
};
