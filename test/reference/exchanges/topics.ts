import type { Topic } from './scenario.ts';
import { everyResource } from './scenarios/every-resource.ts';
import { versions } from './scenarios/versions.ts';
import { watching } from './scenarios/watching.ts';

/** Everything that is recorded. */
export const topics: readonly Topic[] = [...everyResource, versions, watching];
