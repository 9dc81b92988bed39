import type { StaticToken } from '../../src/apiserver/authn/static-tokens.ts';
import type { Dialer } from '../../src/client/dialer.ts';
import { ControlPlane } from '../../src/cluster/control-plane/control-plane.ts';
import type { VirtualEnvironment } from '../../src/machinery/environment/virtual.ts';
import { silentLogger } from '../../src/machinery/log.ts';
import { silentMetrics } from '../../src/machinery/metrics.ts';
import { serviceUnavailable } from '../../src/machinery/status-errors.ts';
import type { Store } from '../../src/store/store.ts';
import { CertificateAuthority } from '../../src/wire/pki/certificate-authority.ts';
import { fixedTestKeys } from '../../src/wire/pki/fixed-test-keys.ts';

/** There is nobody to reach. */
const nowhere: Dialer = {
  pod: refuse,
  service: refuse,
  node: refuse,
};

async function refuse(): Promise<never> {
  throw serviceUnavailable('nobody is there');
}

/** A whole control plane in virtual time that answers, and does nothing by itself: no controllers, no scheduler, no nodes. */
export async function servingControlPlane(
  environment: VirtualEnvironment,
  store: Store,
  staticTokens?: readonly StaticToken[],
): Promise<ControlPlane> {
  const controlPlane = silentControlPlane(environment, store, staticTokens);
  await controlPlane.serve();
  return controlPlane;
}

/** The same before it answers. */
export function silentControlPlane(
  environment: VirtualEnvironment,
  store: Store,
  staticTokens?: readonly StaticToken[],
): ControlPlane {
  const authority = CertificateAuthority.create(environment, {
    commonName: 'test-ca',
    validityMs: 24 * 3600_000,
    keyPair: fixedTestKeys.authority(),
  });
  return new ControlPlane({
    environment,
    store,
    logger: silentLogger,
    metrics: silentMetrics,
    podRange: '10.244.0.0/16',
    serviceRange: '10.96.0.0/16',
    serviceAccountKey: fixedTestKeys.serviceAccount().privateKey,
    authorityPem: authority.certificate.pem,
    authority: () => authority,
    staticTokens,
    dialer: () => nowhere,
    volumeDirectory: '/var/lib/stuurman/volumes',
  });
}
