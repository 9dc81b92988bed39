import type { Topic } from './scenario.ts';
import { everyResource } from './scenarios/every-resource.ts';

/** Everything that is recorded. */
export const topics: readonly Topic[] = [...everyResource];
