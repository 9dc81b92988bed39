import type { Environment } from './environment/environment.ts';
import { safeAlphabet } from './hash.ts';

const suffixLength = 5;
/** A generated name fits a DNS label. */
const longestBase = 63 - suffixLength;

/** The name for a `generateName`: the base, cut where needed, and five characters. */
export function generateName(base: string, environment: Pick<Environment, 'random'>): string {
  return base.slice(0, longestBase) + randomSuffix(environment);
}

/** Characters of the safe alphabet, as generated names end with. */
export function randomSuffix(environment: Pick<Environment, 'random'>, length = suffixLength): string {
  let suffix = '';
  for (let at = 0; at < length; at++) suffix += safeAlphabet[Math.floor(environment.random() * safeAlphabet.length)];
  return suffix;
}
