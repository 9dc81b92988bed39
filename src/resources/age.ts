const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** A span of time in two units at most, as `kubectl get` shows ages: `42s`, `5m10s`, `3h2m`, `4d21h`, `2y34d`. */
export function formatAge(milliseconds: number): string {
  if (milliseconds <= -2 * second) return '<invalid>';
  if (milliseconds < 0) return '0s';
  if (milliseconds < 2 * minute) return `${Math.trunc(milliseconds / second)}s`;
  if (milliseconds < 10 * minute) return twoUnits(milliseconds, minute, 'm', second, 's');
  if (milliseconds < 3 * hour) return `${Math.trunc(milliseconds / minute)}m`;
  if (milliseconds < 8 * hour) return twoUnits(milliseconds, hour, 'h', minute, 'm');
  if (milliseconds < 2 * day) return `${Math.trunc(milliseconds / hour)}h`;
  if (milliseconds < 8 * day) return twoUnits(milliseconds, day, 'd', hour, 'h');
  if (milliseconds < 2 * 365 * day) return `${Math.trunc(milliseconds / day)}d`;
  if (milliseconds < 8 * 365 * day) return twoUnits(milliseconds, 365 * day, 'y', day, 'd');
  return `${Math.trunc(milliseconds / (365 * day))}y`;
}

/** How long ago a time of the API was; `<unknown>` when there is none. `now` is milliseconds since 1970. */
export function ageOf(time: string | null | undefined, now: number): string {
  if (time === undefined || time === null || time === '') return '<unknown>';
  return formatAge(now - Date.parse(time));
}

function twoUnits(milliseconds: number, large: number, largeName: string, small: number, smallName: string): string {
  const count = Math.trunc(milliseconds / large);
  const rest = Math.trunc((milliseconds % large) / small);
  return rest === 0 ? `${count}${largeName}` : `${count}${largeName}${rest}${smallName}`;
}
