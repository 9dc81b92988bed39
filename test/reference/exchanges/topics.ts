import type { Topic } from './scenario.ts';
import { everyResource } from './scenarios/every-resource.ts';
import { patches } from './scenarios/patches.ts';
import { protocol } from './scenarios/protocol.ts';
import { reading } from './scenarios/reading.ts';
import { versions } from './scenarios/versions.ts';
import { views } from './scenarios/views.ts';
import { watching } from './scenarios/watching.ts';
import { writing } from './scenarios/writing.ts';

/** Everything that is recorded. */
export const topics: readonly Topic[] = [
  ...everyResource,
  versions,
  reading,
  writing,
  patches,
  views,
  watching,
  protocol,
];
