import { type Plugin, rejectedForGood } from '../framework.ts';

/** Nobody gives out devices yet: a pod that names claims waits, and is not bound to a node that would have to refuse it. */
export const dynamicResources: Plugin = {
  name: 'DynamicResources',
  retryOn: [],
  preFilter: (_state, { pod }) =>
    (pod.spec?.resourceClaims ?? []).length === 0 ? 'skip' : rejectedForGood('cannot allocate all claims'),
};
