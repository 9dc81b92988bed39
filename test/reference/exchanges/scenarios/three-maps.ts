import { post, type Step } from '../scenario.ts';

export const maps = '/api/v1/namespaces/{ns}/configmaps';

export const namedMap = (name: string, labels?: object): Step => post(maps, { metadata: { name, labels } });

/** Three ConfigMaps, two of which have labels; later steps call the first `first`. */
export const threeMaps: readonly Step[] = [
  post(maps, { metadata: { name: 'a', labels: { app: 'web', tier: 'front' } } }, { as: 'first' }),
  namedMap('b', { app: 'web', tier: 'back' }),
  namedMap('c'),
];
