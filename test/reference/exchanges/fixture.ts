import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Exchange } from './play.ts';

/** The exchanges of a topic by scenario. */
export type Fixture = Readonly<Record<string, readonly Exchange[]>>;

const folder = new URL('recorded/', import.meta.url);
const width = 140;

export function readFixture(topic: string): Fixture {
  return JSON.parse(readFileSync(new URL(`${topic}.json`, folder), 'utf8')) as Fixture;
}

/** The names of all that are there, sorted. */
export function recordedTopics(): readonly string[] {
  return readdirSync(folder)
    .map((file) => file.replace(/\.json$/, ''))
    .sort();
}

export function writeFixture(topic: string, fixture: Fixture): void {
  writeFileSync(new URL(`${topic}.json`, folder), `${pretty(fixture, '', 0)}\n`);
}

/** JSON to be read: what fits into a line is on one. `used` is what the line has before and after it. */
function pretty(value: unknown, indent: string, used: number): string {
  const line = oneLine(value);
  if (line.length + indent.length + used <= width || typeof value !== 'object' || value === null) return line;
  const inner = `${indent} `;
  if (Array.isArray(value)) {
    return `[\n${value.map((each) => `${inner}${pretty(each, inner, 1)}`).join(',\n')}\n${indent}]`;
  }
  const members = Object.entries(value).map(([key, member]) => {
    const name = `${JSON.stringify(key)}: `;
    return `${inner}${name}${pretty(member, inner, name.length + 1)}`;
  });
  return `{\n${members.join(',\n')}\n${indent}}`;
}

function oneLine(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`;
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}: ${oneLine(member)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}
