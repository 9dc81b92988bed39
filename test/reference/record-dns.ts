import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { askDns, type DnsAskOptions, type DnsReply } from '../support/dns-client.ts';
import { dnsNamespace, dnsWorld } from './dns-world.ts';

/**
 * Makes the services of `dns-world.ts` in a real Kubernetes, asks its CoreDNS every question in the file named on the command line,
 * writes its answers there, and takes the services away again: `REFERENCE_URL=https://... REFERENCE_TOKEN=...
 * REFERENCE_DNS=ADDRESS:PORT NODE_TLS_REJECT_UNAUTHORIZED=0 node test/reference/record-dns.ts FILE`.
 */
export interface DnsAsk extends DnsAskOptions {
  readonly name: string;
  readonly type: string;
  readonly answer?: DnsReply;
}

const { REFERENCE_URL: url = '', REFERENCE_TOKEN: token = '', REFERENCE_DNS: dns = '' } = process.env;

async function main(file: string): Promise<void> {
  const [address = '', port = '53'] = dns.split(':');
  for (const each of dnsWorld.namespaces) await request('POST', '/api/v1/namespaces', each);
  const namespace = `/api/v1/namespaces/${dnsNamespace}`;
  const slices = `/apis/discovery.k8s.io/v1/namespaces/${dnsNamespace}/endpointslices`;
  for (const each of dnsWorld.services) await request('POST', `${namespace}/services`, each);
  for (const each of dnsWorld.slices) await request('POST', slices, each);
  // CoreDNS has heard of them by then.
  await sleep(5_000);
  const asks = JSON.parse(readFileSync(file, 'utf8')) as readonly DnsAsk[];
  const recorded: DnsAsk[] = [];
  for (const ask of asks) {
    const { name, type, answer: _, ...options } = ask;
    recorded.push({ ...ask, answer: await askDns({ address, port: Number(port) }, name, type, options) });
  }
  writeFileSync(file, `[\n${recorded.map((ask) => JSON.stringify(ask)).join(',\n')}\n]\n`);
  await request('DELETE', namespace, undefined);
}

async function request(method: string, path: string, body: object | undefined): Promise<void> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
}

if (import.meta.main) await main(process.argv[2] ?? '');
