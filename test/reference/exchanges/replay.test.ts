import { afterAll, describe, expect, test } from 'vitest';
import { createInformerFactory } from '../../../src/client/informers/informer-factory.ts';
import { flowSchemaController } from '../../../src/controllers/flow-schema/flow-schema-controller.ts';
import { ControllerRunner } from '../../../src/controllers/runtime/controller-runner.ts';
import { VirtualEnvironment } from '../../../src/machinery/environment/virtual.ts';
import { silentLogger } from '../../../src/machinery/log.ts';
import { silentMetrics } from '../../../src/machinery/metrics.ts';
import { MemoryStore } from '../../../src/store/memory/memory-store.ts';
import { servingControlPlane } from '../../support/serving-control-plane.ts';
import { connection } from '../../support/test-http.ts';
import { token } from '../control-plane/admin-token.ts';
import { type Difference, differences } from './differences.ts';
import { readFixture, recordedTopics } from './fixture.ts';
import { knownScenarios, surprises, unserved } from './known-differences.ts';
import { type Exchange, type Peer, play } from './play.ts';
import { topics } from './topics.ts';

const environment = new VirtualEnvironment(1);
const store = new MemoryStore({ environment });
const admin = { username: 'admin', uid: 'admin', groups: ['system:masters'], extra: {} };
const controlPlane = await servingControlPlane(environment, store, [{ token, user: admin }]);
const noCertificate = { ...connection, certificate: undefined };
const peer: Peer = {
  fetch: ({ headers, ...request }) =>
    controlPlane.api.fetch({ ...request, headers: { authorization: `Bearer ${token}`, ...headers } }, noCertificate),
  elapse: (milliseconds) => environment.advance(milliseconds),
  answersWithinMs: 5_000,
};
// In Kubernetes the API server itself says of FlowSchemas how they are.
const informers = createInformerFactory({ client: controlPlane.serverClient, environment, logger: silentLogger });
const quiet = { environment, logger: silentLogger, metrics: silentMetrics };
const flowSchemaStatus = new ControllerRunner(
  flowSchemaController({ client: controlPlane.serverClient, informers, events: { event: () => {} }, ...quiet }),
  quiet,
);
afterAll(async () => {
  await flowSchemaStatus.stop();
  await informers.stop();
  await controlPlane.stop();
  await store.close();
});

// The class for claims that a cluster of ours brings along is its own.
await peer.fetch({ method: 'DELETE', path: '/apis/storage.k8s.io/v1/storageclasses/local-path', headers: {} });

for (const topic of topics) {
  describe(topic.name, () => {
    const recorded = readFixture(topic.name);
    test.each(topic.scenarios)('$what', async (scenario) => {
      const ours = await play(topic.name, scenario, peer);
      if (unserved.has(topic.name))
        expect(
          ours.map(({ status }) => status),
          'served by now: take it off the list',
        ).toEqual(ours.map(() => 404));
      else
        expect(surprises(`${topic.name}: ${scenario.what}`, compare(recorded[scenario.what] ?? [], ours))).toEqual([]);
    });

    test('every recorded scenario is played', () => {
      expect(Object.keys(recorded)).toEqual(topic.scenarios.map(({ what }) => what));
    });
  });
}

test('nothing is recorded, or known to be different, that nobody asks', () => {
  expect(recordedTopics()).toEqual(topics.map(({ name }) => name).sort());
  const scenarios = topics.flatMap(({ name, scenarios }) => scenarios.map(({ what }) => `${name}: ${what}`));
  expect(knownScenarios().filter((scenario) => !scenarios.includes(scenario))).toEqual([]);
});

/** The number of an exchange comes before the path into it. A request that is not the recorded one differs too: record it anew. */
function compare(recorded: readonly Exchange[], ours: readonly Exchange[]): readonly Difference[] {
  return ours.flatMap((exchange, index) =>
    differences(recorded[index] ?? {}, exchange).map(({ path, ...rest }) => ({
      path: `${index + 1} ${path}`,
      ...rest,
    })),
  );
}
