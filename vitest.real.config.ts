import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Their clusters stand for minutes and mostly wait: they keep to themselves, so that nothing which is short and busy disturbs the seconds they measure. */
const patient = ['test/e2e/demo.test.ts', 'test/real/join.test.ts', 'test/real/lives.test.ts'];

/** Begin before the others, so that none of them is left when those have ended. */
const longest = ['failing-nodes', 'greedy-pods', 'agent-kill', 'demo', 'join'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = longest.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return at < 0 ? longest.length : at;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

/** `vitest run -c vitest.real.config.ts`: what needs root and a real machine. A lock keeps two runs apart. */
export default defineConfig({
  test: {
    globalSetup: ['test/real/requirements.ts'],
    sequence: { sequencer: LongestFirst },
    pool: 'forks',
    maxWorkers: 2,
    maxConcurrency: 8,
    testTimeout: 60_000,
    // A machine that is busy with other work is late, not wrong.
    hookTimeout: 240_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'busy',
          include: ['test/real/**/*.test.ts'],
          exclude: patient,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'patient', include: patient, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
