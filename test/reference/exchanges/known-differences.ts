import { readFileSync } from 'node:fs';
import type { Difference } from './differences.ts';

/** Differences with one reason: by topic and scenario, each as `NUMBER PATH`, with what the reference answers there. */
interface KnownDifferences {
  readonly reason: string;
  readonly at: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

interface Known {
  /** Topics about resources that are not served yet. */
  readonly unserved: readonly string[];
  readonly differences: readonly KnownDifferences[];
}

/** How the file says that the reference has nothing there; a null is one that it has. */
const absent = '(absent)';

const known = JSON.parse(readFileSync(new URL('known-differences.json', import.meta.url), 'utf8')) as Known;

export const unserved: ReadonlySet<string> = new Set(known.unserved);

/** What is wrong with a scenario: differences that are not known, and known ones that are gone. */
export function surprises(scenario: string, found: readonly Difference[]): readonly string[] {
  const expected = new Map(known.differences.flatMap(({ at }) => Object.entries(at[scenario] ?? {})));
  const unexpected = found
    .filter(({ path, reference = absent }) => !expected.has(path) || !sameText(expected.get(path), reference))
    .map(({ path, reference, ours }) => `${path}: the reference has ${text(reference)}, we have ${text(ours)}`);
  const gone = [...expected.keys()]
    .filter((path) => !found.some((each) => each.path === path))
    .map((path) => `${path} is no longer different: take it out of known-differences.json`);
  return [...unexpected, ...gone];
}

/** Scenarios that the file mentions. */
export function knownScenarios(): readonly string[] {
  return known.differences.flatMap(({ at }) => Object.keys(at));
}

function sameText(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function text(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
