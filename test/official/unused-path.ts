import { existsSync } from 'node:fs';

/** The path, or where something is there, the first of `PATH-2`, `PATH-3`, ... where nothing is. */
export function unusedPath(path: string): string {
  for (let attempt = 1; ; attempt++) {
    const each = attempt === 1 ? path : `${path}-${attempt}`;
    if (!existsSync(each)) return each;
  }
}
