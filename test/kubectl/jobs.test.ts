import { beforeAll, expect, test } from 'vitest';
import { Kubectl } from './kubectl.ts';

let kubectl: Kubectl;

beforeAll(async () => {
  kubectl = await Kubectl.inNamespace('jobs');
});

test('a job is created, waited for, looked at, and deleted with its pods', async () => {
  expect(await kubectl.get(['create', 'job', 'short', '--image=app:1', '--', 'echo', 'done'])).toBe(
    'job.batch/short created\n',
  );
  expect(await kubectl.get(['wait', '--for=condition=complete', 'job/short', '--timeout=30s'])).toBe(
    'job.batch/short condition met\n',
  );
  expect(await kubectl.get(['get', 'job', 'short', '-o', 'wide'])).toMatch(
    /^NAME +STATUS +COMPLETIONS +DURATION +AGE +CONTAINERS +IMAGES +SELECTOR\nshort +Complete +1\/1 +\d+s +\d+s +short +app:1 +batch.kubernetes.io\/controller-uid=\S+\n$/,
  );
  expect(await kubectl.get(['logs', 'job/short'])).toBe('done\n');
  const text = await kubectl.get(['describe', 'job', 'short']);
  expect(text).toMatch(/^Completion Mode: +NonIndexed$/m);
  expect(text).toMatch(/^Pods Statuses: +0 Active \(0 Ready\) \/ 1 Succeeded \/ 0 Failed$/m);
  expect(text).toMatch(/^ {2}Normal +SuccessfulCreate +.* +job-controller +Created pod: short-\w{5}$/m);
  expect(text).toMatch(/^ {2}Normal +Completed +.* +job-controller +Job completed$/m);
  expect(await kubectl.get(['get', 'jobs', '--field-selector', 'status.successful=1', '-o', 'name'])).toBe(
    'job.batch/short\n',
  );
  await kubectl.get(['delete', 'job', 'short', '--cascade=foreground', '--timeout=30s']);
  expect(await kubectl.get(['get', 'pods', '-l', 'job-name=short', '-o', 'name'])).toBe('');
});

test('pods of an indexed job know which they are', async () => {
  await kubectl.get(['apply', '-f', 'indexed-job.yaml']);
  await kubectl.get(['wait', '--for=condition=complete', 'job/indexed', '--timeout=30s']);
  const chosen = ['-l', 'job-name=indexed,batch.kubernetes.io/job-completion-index=1'];
  expect(await kubectl.get(['logs', '--tail=-1', ...chosen])).toMatch(/^indexed-1\n(.*\n)*JOB_COMPLETION_INDEX=1\n/);
  expect(await kubectl.get(['describe', 'job', 'indexed'])).toMatch(/^Completed Indexes: +0,1$/m);
});

test('a job that fails says so', async () => {
  await kubectl.get(['apply', '-f', 'failing-job.yaml']);
  await kubectl.get(['wait', '--for=condition=failed', 'job/failing', '--timeout=30s']);
  expect(await kubectl.get(['get', 'job', 'failing'])).toMatch(/^failing +Failed +0\/1 +\d+s +\d+s$/m);
  expect(await kubectl.get(['events', '--for', 'job/failing'])).toMatch(
    /Warning +BackoffLimitExceeded +Job\/failing +Job has reached the specified backoff limit/,
  );
});

test('a cron job is looked at, suspended, and run by hand', async () => {
  const schedule = ['--schedule', '0 0 1 1 *'];
  await kubectl.get(['create', 'cronjob', 'yearly', '--image=app:1', ...schedule, '--', 'true']);
  expect(await kubectl.get(['get', 'cronjobs'])).toMatch(
    /^NAME +SCHEDULE +TIMEZONE +SUSPEND +ACTIVE +LAST SCHEDULE +AGE\nyearly +0 0 1 1 \* +<none> +False +0 +<none> +\d+s\n$/,
  );
  expect(await kubectl.get(['create', 'job', 'now', '--from=cronjob/yearly'])).toBe('job.batch/now created\n');
  await kubectl.get(['wait', '--for=condition=complete', 'job/now', '--timeout=30s']);
  expect(await kubectl.get(['get', 'job', 'now', '-o', 'jsonpath={.metadata.annotations}'])).toBe(
    '{"cronjob.kubernetes.io/instantiate":"manual"}',
  );
  await kubectl.get(['patch', 'cronjob', 'yearly', '-p', '{"spec":{"suspend":true}}']);
  const text = await kubectl.get(['describe', 'cronjob', 'yearly']);
  expect(text).toMatch(/^Suspend: +True$/m);
  expect(text).toMatch(/^Successful Job History Limit: +3$/m);
  const { stderr } = await kubectl.run(['create', 'cronjob', 'never', '--image=app:1', '--schedule', '61 * * * *']);
  expect(stderr).toContain(
    'CronJob.batch "never" is invalid: spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61',
  );
  await kubectl.get(['delete', 'cronjob', 'yearly', '--timeout=30s']);
  await expect.poll(() => kubectl.get(['get', 'jobs', 'now', '--ignore-not-found'])).toBe('');
});

test('a replication controller is scaled, and leaves its pods behind if asked', async () => {
  await kubectl.get(['apply', '-f', 'replication-controller.yaml']);
  await kubectl.get(['wait', '--for=jsonpath={.status.readyReplicas}=2', 'rc/old', '--timeout=30s']);
  expect(await kubectl.get(['get', 'rc', '-o', 'wide'])).toMatch(
    /^NAME +DESIRED +CURRENT +READY +AGE +CONTAINERS +IMAGES +SELECTOR\nold +2 +2 +2 +\d+s +main +app:1 +app=old\n$/,
  );
  expect(await kubectl.get(['scale', 'rc', 'old', '--replicas=3', '--current-replicas=2'])).toBe(
    'replicationcontroller/old scaled\n',
  );
  await kubectl.get(['wait', '--for=jsonpath={.status.readyReplicas}=3', 'rc/old', '--timeout=30s']);
  const text = await kubectl.get(['describe', 'rc', 'old']);
  expect(text).toMatch(/^Replicas: +3 current \/ 3 desired$/m);
  expect(text).toMatch(/replication-controller +Created pod: old-\w{5}$/m);
  await kubectl.get(['delete', 'rc', 'old', '--cascade=orphan', '--timeout=30s']);
  const left = await kubectl.get(['get', 'pods', '-l', 'app=old', '-o', 'name']);
  expect(left.trim().split('\n')).toHaveLength(3);
});
