import { statfsSync } from 'node:fs';
import type { Environment } from '../../../src/machinery/environment/environment.ts';
import type { Processes } from '../../../src/node/host/host.ts';
import { kubernetesArchitecture } from '../../../src/node/host/linux/host-info.ts';
import { runCommand } from '../../../src/node/host/linux/run-command.ts';
import { ImageMaker } from '../../../src/node/images/making/image-maker.ts';
import type { GoPrograms } from '../go-programs.ts';
import { recipes } from './recipes.ts';
import { shortNames } from './suite-image.ts';

export interface MakeImagesOptions {
  readonly environment: Environment;
  readonly programs: GoPrograms;
  readonly cacheDirectory: string;
  readonly say: (text: string) => void;
}

/** What all archives with what is unpacked for them take at most, and a node's copy of them after that. */
const neededBytes = 4 * 2 ** 30;

/** Makes those of the images that there is a recipe for; answers the paths of their archives. What was made before is taken as it is. */
export async function makeImages(
  { environment, programs, cacheDirectory, say }: MakeImagesOptions,
  images: readonly string[],
): Promise<readonly string[]> {
  requireSpace(cacheDirectory);
  const processes = rememberingApt(environment);
  const architecture = kubernetesArchitecture(process.arch);
  const maker = new ImageMaker({ environment, processes, architecture, cacheDirectory });
  const archives: string[] = [];
  for (const image of images) {
    const recipe = recipes.get(shortNames(image).path);
    if (recipe === undefined) continue;
    say(`image ${image}`);
    try {
      archives.push(await maker.make(await recipe({ image, architecture, programs, cacheDirectory, say })));
    } catch (cause) {
      throw new Error(`the image ${image} could not be made: ${(cause as Error).message}${advice(cause)}`, { cause });
    }
  }
  return archives;
}

/** Most of the images are of the same packages, and apt takes seconds to tell of them. */
function rememberingApt(environment: Environment): Pick<Processes, 'run'> {
  const told = new Map<string, ReturnType<Processes['run']>>();
  return {
    run(command, options) {
      const [program] = command;
      if (program !== 'apt-cache') {
        if (program === 'apt-get') told.clear();
        return runCommand(environment, command, options);
      }
      const question = command.join(' ');
      const answer = told.get(question) ?? runCommand(environment, command, options);
      told.set(question, answer);
      return answer;
    },
  };
}

function requireSpace(folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free < neededBytes)
    throw new Error(
      `the images of the suite need ${neededBytes / 2 ** 30} GiB, and ${folder} has ${(free / 2 ** 30).toFixed(1)} GiB left: make room and try again`,
    );
}

function advice(error: unknown): string {
  return /ENOSPC|No space left on device/.test(String(error)) ? '; the disk is full: make room and try again' : '';
}
