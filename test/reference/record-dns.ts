import { setTimeout as sleep } from 'node:timers/promises';
import { askDns, type DnsAskOptions, type DnsReply } from '../support/dns-client.ts';
import { dnsNamespace, dnsWorld } from './dns-world.ts';
import { JsonRequests } from './json-requests.ts';
import { Questions } from './questions.ts';
import type { WholeCluster } from './whole-cluster.ts';

/** A question about a name, and the answer of CoreDNS. */
export interface DnsAsk extends DnsAskOptions {
  readonly name: string;
  readonly type: string;
  readonly answer?: DnsReply;
}

/** CoreDNS has heard of what was made by then. */
const heardMs = 5_000;

/**
 * Makes the services of `dns-world.ts`, asks the CoreDNS that the environment variable REFERENCE_DNS names (`ADDRESS:PORT`) every
 * question, and takes the services away again.
 */
export async function recordDns({ http }: WholeCluster): Promise<void> {
  const [address = '', port = '53'] = (process.env['REFERENCE_DNS'] ?? '').split(':');
  if (address === '') throw new Error('REFERENCE_DNS has to name the address and the port of CoreDNS');
  const requests = new JsonRequests(http);
  const namespace = `/api/v1/namespaces/${dnsNamespace}`;
  const slices = `/apis/discovery.k8s.io/v1/namespaces/${dnsNamespace}/endpointslices`;
  for (const each of dnsWorld.namespaces) await requests.demand('POST', '/api/v1/namespaces', each);
  for (const each of dnsWorld.services) await requests.demand('POST', `${namespace}/services`, each);
  for (const each of dnsWorld.slices) await requests.demand('POST', slices, each);
  await sleep(heardMs);
  await new Questions('./').record<DnsAsk>('dns-answers', async (ask) => {
    const { name, type, answer: _, ...options } = ask;
    return { ...ask, answer: await askDns({ address, port: Number(port) }, name, type, options) };
  });
  await requests.demand('DELETE', namespace);
}
