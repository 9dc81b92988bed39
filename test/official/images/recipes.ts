import { agnhost } from './agnhost.ts';
import { busybox } from './busybox.ts';
import { glibcDnsTesting } from './glibc-dns-testing.ts';
import { goProgram } from './go-program.ts';
import { nginx } from './nginx.ts';
import { nonroot } from './nonroot.ts';
import { pause } from './pause.ts';
import type { SuiteRecipe } from './suite-image.ts';
import { updateDemo } from './update-demo.ts';

/**
 * How each image that conformance tests use is made, by its name without the registry. Those that only other tests use have none, and the
 * one that lies behind a login must stay there.
 */
export const recipes: ReadonlyMap<string, SuiteRecipe> = new Map(
  Object.entries({
    'e2e-test-images/agnhost': agnhost,
    'e2e-test-images/busybox': busybox,
    'e2e-test-images/glibc-dns-testing': glibcDnsTesting,
    'e2e-test-images/kitten': updateDemo,
    'e2e-test-images/nautilus': updateDemo,
    'e2e-test-images/nginx': nginx,
    // It tells who it runs as, in spite of being its owner's.
    'e2e-test-images/nonewprivs': goProgram('nnp', '/usr/local/bin/nnp', {
      entrypoint: ['/usr/local/bin/nnp'],
      mode: 0o6755,
    }),
    'e2e-test-images/nonroot': nonroot,
    'e2e-test-images/sample-apiserver': goProgram('sample-apiserver', '/sample-apiserver', {
      entrypoint: ['/sample-apiserver'],
    }),
    etcd: goProgram('etcd', '/usr/local/bin/etcd'),
    pause,
  }),
);
