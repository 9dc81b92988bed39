import type { Client } from '../../src/client/client.ts';
import { isReason } from '../../src/machinery/status-error.ts';
import { finishedCondition } from '../../src/resources/batch/job-conditions.ts';
import type { Job, JobSpec, JobStatus } from '../../src/resources/schema/batch-v1.generated.ts';
import type { Event, Pod, PodCondition } from '../../src/resources/schema/core-v1.generated.ts';
import { events, jobs, pods } from '../../src/resources/schema/resource-types.generated.ts';

/** What happens to a job, step by step. Its pods are given to nobody: they end when a step says so. */
type JobStep =
  /** Wait until so many pods are alive. */
  | { readonly live: number }
  /** Pods that are alive end: those of one index, or all. */
  | { readonly end: number; readonly index?: number; readonly conditions?: readonly PodCondition[] }
  /** One pod that is alive is deleted. */
  | { readonly delete: true }
  | { readonly change: Partial<JobSpec> }
  /** Wait until nothing happens any more. */
  | { readonly settle: true };

/** One job as a real Kubernetes saw it live. */
export interface JobLife {
  readonly what: string;
  readonly spec: Omit<JobSpec, 'template'>;
  readonly steps: readonly JobStep[];
  readonly answer?: JobOutcome;
}

/** How it all ended, without what differs from one life to the next. */
interface JobOutcome {
  readonly status: object;
  /** `Type Reason: message`, in order; those of one kind that follow each other, which are told at once, sorted. */
  readonly events: readonly string[];
  /** Phase and, where they have them, finalizers of the pods that are left, sorted. */
  readonly pods: readonly string[];
}

interface JobPlace {
  readonly client: Client;
  readonly namespace: string;
  /** Lets time pass. */
  wait(ms: number): Promise<void>;
  now(): number;
}

const name = 'work';
const template = {
  spec: { restartPolicy: 'Never', schedulerName: 'nobody', containers: [{ name: 'c', image: 'registry.invalid/i:1' }] },
};
const pollMs = 500;
const longestMs = 60_000;
const settledMs = 4_000;

/** Lets a job live in a cluster whose controllers act, and tells how it ended. The namespace is empty before. */
export async function liveJob(life: JobLife, place: JobPlace): Promise<JobOutcome> {
  const { client, namespace } = place;
  await client.create(jobs, { metadata: { namespace, name }, spec: { ...life.spec, template } });
  for (const step of life.steps) await perform(step, place);
  await settle(place);
  return outcomeOf(place);
}

async function perform(step: JobStep, place: JobPlace): Promise<void> {
  const { client, namespace } = place;
  if ('live' in step)
    await until(place, `${step.live} pods live`, async () => (await live(place)).length === step.live);
  else if ('end' in step) {
    const chosen = (await live(place)).filter((pod) => step.index === undefined || indexOf(pod) === step.index);
    for (const pod of chosen) await end(pod, step.end, step.conditions ?? [], place);
  } else if ('delete' in step) {
    const [pod] = await live(place);
    await client.delete(pods, { namespace, name: pod?.metadata.name ?? '' });
  } else if ('change' in step)
    await client.patch(jobs, { namespace, name }, { type: 'merge', body: { spec: step.change } });
  else await settle(place);
}

async function live({ client, namespace }: JobPlace): Promise<readonly Pod[]> {
  const { items } = await client.list(pods, { namespace });
  return items.filter(
    ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined && status?.phase !== 'Succeeded' && status?.phase !== 'Failed',
  );
}

function indexOf({ metadata }: Pod): number {
  return Number(metadata.annotations?.['batch.kubernetes.io/job-completion-index']);
}

async function end(
  pod: Pod,
  exitCode: number,
  conditions: readonly PodCondition[],
  { client, now }: JobPlace,
): Promise<void> {
  const time = new Date(now()).toISOString().replace(/\.\d+/, '');
  const state = {
    terminated: { exitCode, startedAt: time, finishedAt: time, reason: exitCode === 0 ? 'Completed' : 'Error' },
  };
  const status = {
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    conditions,
    containerStatuses: [{ name: 'c', ready: false, restartCount: 0, image: 'i', imageID: '', state }],
  };
  const key = { namespace: pod.metadata.namespace, name: pod.metadata.name ?? '' };
  await client.patch(pods, key, { type: 'strategic', body: { status } }, { subresource: 'status' });
}

async function until(place: JobPlace, what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let waitedMs = 0; !(await holds()); waitedMs += pollMs) {
    if (waitedMs >= longestMs) throw new Error(`waited in vain until ${what}`);
    await place.wait(pollMs);
  }
}

/** Until the job has finished, or nothing has happened to it and its pods for a while. */
async function settle(place: JobPlace): Promise<void> {
  let seen = '';
  let sameMs = 0;
  await until(place, 'all is quiet', async () => {
    const look = JSON.stringify([await jobOf(place), (await place.client.list(pods, place)).items]);
    sameMs = look === seen ? sameMs + pollMs : 0;
    seen = look;
    return sameMs >= settledMs;
  });
}

function jobOf({ client, namespace }: JobPlace): Promise<Job> {
  return client.get(jobs, { namespace, name });
}

async function outcomeOf(place: JobPlace): Promise<JobOutcome> {
  const { client, namespace } = place;
  const job = await jobOf(place);
  const told = (await client.list(events, { namespace })).items
    .filter(({ involvedObject }) => involvedObject.kind === 'Job')
    .sort((a, b) => (order(a) < order(b) ? -1 : 1))
    .map(({ type, reason, message }) => anonymous(`${type} ${reason}: ${message}`, namespace));
  const left = (await client.list(pods, { namespace })).items.map(({ metadata, status }) =>
    [
      status?.phase,
      ...(metadata.finalizers ?? []),
      ...(metadata.deletionTimestamp === undefined ? [] : ['leaving']),
    ].join(' '),
  );
  return {
    status: withoutTimes(job.status ?? {}, finishedCondition(job) !== undefined, namespace),
    events: sortedRuns(told),
    pods: left.sort(),
  };
}

/** Names of events end with the time at which they were first told. */
function order({ metadata }: Event): string {
  return metadata.name?.split('.').at(-1) ?? '';
}

function sortedRuns(lines: readonly string[]): readonly string[] {
  const kindOf = (line: string | undefined) => line?.slice(0, line.indexOf(':'));
  const runs: string[][] = [];
  for (const line of lines) {
    const last = runs.at(-1);
    if (last !== undefined && kindOf(last[0]) === kindOf(line)) last.push(line);
    else runs.push([line]);
  }
  return runs.flatMap((run) => run.sort());
}

/** Pods have names of chance. */
function anonymous(text: string, namespace: string): string {
  return text.replaceAll(/work(-\d+)?-[a-z0-9]{5}\b/g, 'work$1-*').replaceAll(`${namespace}/`, '');
}

function withoutTimes(status: JobStatus, finished: boolean, namespace: string): object {
  const { startTime, completionTime, conditions = [], uncountedTerminatedPods, ...counts } = status;
  return {
    ...counts,
    started: startTime !== undefined,
    completed: completionTime !== undefined,
    finished,
    uncounted: Object.keys(uncountedTerminatedPods ?? {}),
    conditions: conditions.map(({ type, status: holds, reason, message }) =>
      anonymous(`${type}=${holds} ${reason}: ${message}`, namespace),
    ),
  };
}

/** Takes the job and all that is its away. */
export async function endLife({ client, namespace, wait }: JobPlace): Promise<void> {
  await client.delete(jobs, { namespace, name }, { propagationPolicy: 'Background' });
  await client.deleteCollection(pods, { namespace, gracePeriodSeconds: 0 });
  for (;;) {
    const left = (await client.list(pods, { namespace })).items.length;
    const gone = await client.get(jobs, { namespace, name }).then(
      () => false,
      (error: unknown) => isReason(error, 'NotFound'),
    );
    if (left === 0 && gone) break;
    await wait(pollMs);
  }
  await client.deleteCollection(events, { namespace });
}
