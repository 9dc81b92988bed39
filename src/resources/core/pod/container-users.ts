import type { FieldError } from '../../../machinery/field-error.ts';
import { forbidden, invalid } from '../../../machinery/field-errors.ts';
import { inRange } from '../../../machinery/names.ts';
import type { ContainerStatus, LinuxContainerUser, PodSpec, PodStatus } from '../../schema/core-v1.generated.ts';

const maxUserId = 2 ** 32 - 1;
const maxGroupId = 2 ** 31 - 1;
const statusFields = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const;

/** As whom the first process of each container runs, as its node says. */
export function validateContainerUsers(status: PodStatus, { os }: PodSpec, errors: FieldError[]): void {
  for (const field of statusFields)
    for (const [index, container] of (status[field] ?? []).entries())
      validateUser(container, os?.name === 'windows', `status.${field}[${index}].user.linux`, errors);
}

function validateUser({ user }: ContainerStatus, onWindows: boolean, path: string, errors: FieldError[]): void {
  if (user?.linux === undefined) return;
  if (onWindows) errors.push(forbidden(path, 'cannot be set for a windows pod'));
  else validateLinuxUser(user.linux, path, errors);
}

function validateLinuxUser(user: LinuxContainerUser, path: string, errors: FieldError[]): void {
  const { uid, gid, supplementalGroups = [] } = user;
  const within = (value: number, max: number, place: string) =>
    errors.push(...inRange(value, 0, max).map((problem) => invalid(place, value, problem)));
  within(uid, maxUserId, `${path}.uid`);
  within(gid, maxGroupId, `${path}.gid`);
  for (const [index, group] of supplementalGroups.entries())
    within(group, maxGroupId, `${path}.supplementalGroups[${index}]`);
}
