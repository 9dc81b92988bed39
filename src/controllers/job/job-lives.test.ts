import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type JobLife, liveJob } from '../../../test/reference/job-life.ts';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import { podGcController } from '../pod-gc/pod-gc-controller.ts';
import { jobController } from './job-controller.ts';
import { jobOrphanController } from './job-orphan-controller.ts';

const file = new URL('../../../test/reference/lives/jobs.json', import.meta.url);
const lives = JSON.parse(readFileSync(file, 'utf8')) as readonly JobLife[];

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
  world.start(jobController, jobOrphanController, podGcController);
});
afterEach(() => world.stop());

/** As a real Kubernetes saw the same job live. */
test.each(lives.map((life) => [life.what, life] as const))('%s', async (_what, life) => {
  const { client, environment } = world;
  const outcome = await liveJob(life, {
    client,
    namespace: 'shop',
    wait: (ms) => world.advance(ms),
    now: () => environment.now(),
  });
  expect(outcome).toEqual(life.answer);
});
