import { parseDuration } from '../machinery/duration.ts';

/** The milliseconds that an option was given as `1h30m`. Throws with what may be written. */
export function durationOption(option: string, text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new Error(`${option}: ${(error as Error).message}`, { cause: error });
  }
}
