import { jobController } from '../../src/controllers/job/job-controller.ts';
import { jobOrphanController } from '../../src/controllers/job/job-orphan-controller.ts';
import { formatTime } from '../../src/machinery/time.ts';
import type { Job, JobSpec, JobStatus } from '../../src/resources/schema/batch-v1.generated.ts';
import type { Pod, PodCondition } from '../../src/resources/schema/core-v1.generated.ts';
import { jobs, pods } from '../../src/resources/schema/resource-types.generated.ts';
import { ControllerWorld } from './controller-world.ts';

export const jobKey = { namespace: 'shop', name: 'work' };

interface End {
  readonly exitCode?: number;
  readonly conditions?: readonly PodCondition[];
}

/** A job and the controllers that see to it; its pods end when a test says so. */
export class JobWorld {
  readonly world: ControllerWorld;

  static async make(): Promise<JobWorld> {
    const world = await ControllerWorld.make();
    world.start(jobController, jobOrphanController);
    return new JobWorld(world);
  }

  private constructor(world: ControllerWorld) {
    this.world = world;
  }

  /** As if the process of the controllers died, and another one took over. */
  async restart(): Promise<void> {
    await this.world.stopControllers();
    this.world.start(jobController, jobOrphanController);
    await this.world.advance(500);
  }

  async create(spec: Partial<JobSpec> = {}): Promise<Job> {
    const pod = { restartPolicy: 'Never', nodeName: 'n', containers: [{ name: 'c', image: 'good' }] };
    const created = await this.world.client.create(jobs, {
      metadata: jobKey,
      spec: { template: { spec: pod }, ...spec },
    });
    await this.world.advance(200);
    return created;
  }

  async change(spec: Partial<JobSpec>): Promise<void> {
    const current = await this.get();
    await this.world.client.update(jobs, { ...current, spec: { ...(current.spec as JobSpec), ...spec } });
    await this.world.advance(300);
  }

  get(): Promise<Job> {
    return this.world.client.get(jobs, jobKey);
  }

  async status(): Promise<JobStatus> {
    return (await this.get()).status ?? {};
  }

  /** The conditions as `Type=Status Reason: message`. */
  async conditions(): Promise<readonly string[]> {
    return ((await this.status()).conditions ?? []).map(
      ({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`,
    );
  }

  /** Neither finished nor being deleted. */
  async livePods(): Promise<readonly Pod[]> {
    return (await this.world.list(pods)).filter(
      ({ status: { phase } = {}, metadata }) =>
        phase !== 'Succeeded' && phase !== 'Failed' && metadata.deletionTimestamp === undefined,
    );
  }

  /** What a kubelet tells when a pod ends. */
  async end({ metadata }: Pod, { exitCode = 0, conditions = [] }: End = {}): Promise<void> {
    const time = formatTime(this.world.environment.now());
    const state = { terminated: { exitCode, finishedAt: time, startedAt: time } };
    const fresh = await this.world.client.get(pods, { namespace: 'shop', name: metadata.name ?? '' });
    const status = {
      ...fresh.status,
      phase: exitCode === 0 ? 'Succeeded' : 'Failed',
      conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: time }, ...conditions],
      containerStatuses: [{ name: 'c', ready: false, restartCount: 0, image: 'good', imageID: '', state }],
    };
    await this.world.client.update(pods, { ...fresh, status }, { subresource: 'status' });
    await this.world.advance(300);
  }

  async endAll(how: End = {}): Promise<void> {
    for (const pod of await this.livePods()) await this.end(pod, how);
  }

  /** As a kubelet does when pods that are being deleted have stopped. */
  async stopDeleted(): Promise<void> {
    for (const { metadata } of await this.world.list(pods)) {
      if (metadata.deletionTimestamp === undefined) continue;
      const key = { namespace: 'shop', name: metadata.name ?? '' };
      await this.world.client.delete(pods, key, { gracePeriodSeconds: 0 });
    }
    await this.world.advance(300);
  }
}

/** The last two conditions of a job that has failed. */
export function failedFor(reason: string, message: string): readonly string[] {
  return [`FailureTarget=True ${reason}: ${message}`, `Failed=True ${reason}: ${message}`];
}

/** The last two conditions of a job that is complete. */
export const completeConditions = [
  'SuccessCriteriaMet=True CompletionsReached: Reached expected number of succeeded pods',
  'Complete=True CompletionsReached: Reached expected number of succeeded pods',
];

export const limitReached = failedFor('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
