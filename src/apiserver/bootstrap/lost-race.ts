import { isReason } from '../../machinery/status-error.ts';

/** Whether a write failed because another server, or a user, was faster. */
export function isLostRace(error: unknown): boolean {
  return isReason(error, 'Conflict') || isReason(error, 'AlreadyExists') || isReason(error, 'NotFound');
}
