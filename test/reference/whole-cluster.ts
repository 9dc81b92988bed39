import type { Client } from '../../src/client/client.ts';
import { connect } from '../../src/client/https/connect.ts';
import { clusterConnection } from '../../src/client/kubeconfig/cluster-connection.ts';
import { readKubeconfig } from '../../src/client/kubeconfig/kubeconfig-file.ts';
import { RealEnvironment } from '../../src/machinery/environment/real.ts';
import type { HttpTarget } from '../../src/wire/http.ts';

/** A real Kubernetes with controllers, and for what asks for more with nodes and a name server. */
export interface WholeCluster {
  readonly client: Client;
  readonly http: HttpTarget;
  readonly environment: RealEnvironment;
}

/** Does something with the cluster that the environment variable REFERENCE_KUBECONFIG names. Throws when it names none. */
export async function withWholeCluster(use: (cluster: WholeCluster) => Promise<void>): Promise<void> {
  const path = process.env['REFERENCE_KUBECONFIG'] ?? '';
  if (path === '') throw new Error('REFERENCE_KUBECONFIG has to name the kubeconfig of a whole cluster');
  const environment = new RealEnvironment();
  const { client, close } = connect(environment, clusterConnection(environment, readKubeconfig(path)));
  try {
    await use({ client, http: client.http, environment });
  } finally {
    close();
  }
}
