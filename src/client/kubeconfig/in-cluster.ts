import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { ClusterConnection } from './cluster-connection.ts';
import { rereading } from './rereading.ts';
import { whileUnchanged } from './while-unchanged.ts';

const serviceAccountDirectory = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The connection of a program that runs in a pod, from what every pod gets. Token and authority are renewed by the kubelet and read again. Throws
 * when this is no pod.
 */
export function inClusterConnection(
  environment: Environment,
  variables: Readonly<Record<string, string | undefined>>,
  directory = serviceAccountDirectory,
): ClusterConnection {
  const host = variables['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = variables['KUBERNETES_SERVICE_PORT'] ?? '';
  if (host === '' || port === '') {
    throw new Error(
      'unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined',
    );
  }
  const read = (name: string) => readFileSync(join(directory, name), 'utf8');
  const authority = rereading(environment, () => read('ca.crt'));
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    namespace: read('namespace').trim(),
    tls: whileUnchanged(() => ({ authorityPem: authority() })),
    token: rereading(environment, () => read('token').trim()),
    refused: () => false,
  };
}
