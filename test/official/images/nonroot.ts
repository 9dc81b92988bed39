import type { PackageImage } from '../../../src/node/images/making/image-kitchen.ts';
import { glibcDnsTesting } from './glibc-dns-testing.ts';
import type { ImageOrder } from './suite-image.ts';

/** Small tools, run by a user who is not root and has no name. */
export async function nonroot(order: ImageOrder): Promise<PackageImage> {
  const tools = await glibcDnsTesting(order);
  return { ...tools, cook: async (kitchen) => ({ ...(await tools.cook(kitchen)), user: '1234' }) };
}
