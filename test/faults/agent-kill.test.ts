import { expect, test } from 'vitest';
import { type Moment, MortalProcess } from '../support/mortal-process.ts';
import { WalkedWorld } from './walked-pod.ts';

/**
 * The agent is killed at every step of a pod's start, and of its end: while what it asks for is done, and after, with the answer unheard.
 * The steps are whatever it does to the world, found by counting until a life goes through unharmed. A new agent has nothing but the
 * world to go by.
 */

/** `before` a step the world is as it was `after` the one that came first, and the agent's memory is lost either way. */
const usualMoments: readonly Moment[] = ['during', 'after'];
const mostSteps = 1000;

interface Walk {
  /** Before the steps that are walked. */
  readonly before?: (world: WalkedWorld) => Promise<void>;
  /** What begins them. */
  readonly begin: (world: WalkedWorld) => Promise<void>;
  /** Both, unless given. */
  readonly moments?: readonly Moment[];
  /** How long they take at the most, in seconds. */
  readonly seconds: number;
  /** What happens while there is no agent. */
  readonly meanwhile?: (world: WalkedWorld) => Promise<void>;
  /** What is wrong after a new agent has come. */
  readonly judge: (world: WalkedWorld) => Promise<readonly string[]>;
}

/** Answers how many steps there were, and what went wrong at which. */
async function walk(steps: Walk): Promise<{ readonly count: number; readonly wrong: readonly string[] }> {
  const wrong: string[] = [];
  for (let step = 1; step < mostSteps; step++) {
    for (const moment of steps.moments ?? usualMoments) {
      const found = await live(steps, step, moment);
      if (found === undefined) return { count: step - 1, wrong };
      wrong.push(...found);
    }
  }
  throw new Error(`more than ${mostSteps} steps`);
}

/** One life with a death in it; undefined when the step was not reached. */
async function live(steps: Walk, step: number, moment: Moment): Promise<readonly string[] | undefined> {
  const world = new WalkedWorld();
  await world.prepare();
  const first = new MortalProcess();
  await world.startAgent(first);
  await world.advance(1);
  await steps.before?.(world);
  first.dieAt(step, moment);
  await steps.begin(world);
  for (let second = 0; second < steps.seconds && first.isAlive; second++) await world.advance(1);
  try {
    if (first.isAlive) return undefined;
    world.forgetAgent();
    await world.advance(3);
    await steps.meanwhile?.(world);
    await world.startAgent(new MortalProcess());
    const problems = await steps.judge(world);
    return problems.map((problem) => `killed ${moment} ${step}, ${first.steps.at(-1)}: ${problem}`);
  } finally {
    await world.close();
  }
}

/** With a round of housekeeping in it. */
const awhile = 75;

async function runsThenGoes(world: WalkedWorld): Promise<readonly string[]> {
  await world.advance(awhile);
  const wrong = await world.wrongWhileRunning();
  await world.deletePod('walked');
  return [...wrong, ...(await isGone(world))];
}

async function isGone(world: WalkedWorld): Promise<readonly string[]> {
  await world.advance(awhile);
  return world.left();
}

const start = { begin: (world: WalkedWorld) => world.begin(), seconds: 30 };
const end = {
  before: async (world: WalkedWorld) => {
    await world.begin();
    await world.advance(15);
  },
  begin: (world: WalkedWorld) => world.deletePod('walked'),
  seconds: 30,
};

test('killed at any step of a start, the next agent brings the pod up, and nothing is left in the end', async () => {
  const { count, wrong } = await walk({ ...start, judge: runsThenGoes });
  expect(wrong).toEqual([]);
  expect(count).toBeGreaterThan(100);
}, 120_000);

test('killed at any step of a start, a pod that is deleted meanwhile ends, and nothing is left', async () => {
  const meanwhile = (world: WalkedWorld) => world.deletePod('walked');
  const { wrong } = await walk({ ...start, moments: ['after'], meanwhile, judge: isGone });
  expect(wrong).toEqual([]);
}, 120_000);

test('killed at any step of a start, nothing is left of a pod whose object is gone when the next agent comes', async () => {
  const meanwhile = (world: WalkedWorld) => world.deletePod('walked', 0);
  const moments = ['after'] as const;
  const { wrong } = await walk({ ...start, moments, meanwhile, judge: isGone });
  expect(wrong).toEqual([]);
  // One without volumes has a cgroup before it has a folder.
  const bare = await walk({ ...start, moments, begin: (world) => world.beginBare(), meanwhile, judge: isGone });
  expect(bare.wrong).toEqual([]);
}, 120_000);

test('killed at any step of its end, a pod ends under the next agent, and nothing is left', async () => {
  const { count, wrong } = await walk({ ...end, judge: isGone });
  expect(wrong).toEqual([]);
  expect(count).toBeGreaterThan(20);
}, 120_000);

test('killed at any step of its end, nothing is left of a pod whose object is gone when the next agent comes', async () => {
  const meanwhile = async (world: WalkedWorld) => {
    if ((await world.pod('walked')) !== undefined) await world.deletePod('walked', 0);
  };
  const { wrong } = await walk({ ...end, meanwhile, judge: isGone });
  expect(wrong).toEqual([]);
}, 120_000);
