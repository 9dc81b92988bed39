import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { RightsAsk } from '../../../test/reference/rights-ask.ts';
import { FakeInformer } from '../../../test/support/fake-informer.ts';
import { persistentVolumes, podCertificateRequests, pods } from '../../resources/schema/resource-types.generated.ts';
import { nodeRules } from '../bootstrap/bootstrap-objects.ts';
import { NodeAuthorizer } from './node-authorizer.ts';
import { NodeGraph } from './node-graph.ts';

const file = new URL('../../../test/reference/rights/nodes.json', import.meta.url);
const asks = JSON.parse(readFileSync(file, 'utf8')) as readonly RightsAsk[];
const graph = new NodeGraph(
  new FakeInformer(pods),
  new FakeInformer(persistentVolumes),
  new FakeInformer(podCertificateRequests),
);
const authorizer = new NodeAuthorizer(graph, nodeRules() ?? []);

test.each(asks.map((ask) => [Object.values(ask.attributes).join(' '), ask.user, ask] as const))(
  'whether a node may %s is decided as by Kubernetes (%s)',
  (_, username, { groups, attributes, answer }) => {
    const { decision, reason } = authorizer.authorize(
      { username, groups, extra: {} },
      {
        isResource: true,
        path: '',
        verb: '',
        group: '',
        version: '*',
        resource: '',
        subresource: '',
        namespace: '',
        name: '',
        fieldSelector: '',
        labelSelector: '',
        ...attributes,
      },
    );
    expect({ allowed: decision === 'allow', ...(reason !== '' && { reason }) }).toEqual(answer);
  },
);
