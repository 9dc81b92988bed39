import type { Informer } from '../../client/informer.ts';
import { referenceTo } from '../../client/object-reference.ts';
import { findCondition, saysTheSame } from '../../machinery/conditions.ts';
import { formatTime } from '../../machinery/time.ts';
import { isServiceAddress } from '../../resources/networking/ip-address.ts';
import { servesAddress } from '../../resources/networking/service-cidr.ts';
import type { Condition } from '../../resources/schema/meta-v1.generated.ts';
import type { IPAddress, ServiceCIDR } from '../../resources/schema/networking-v1.generated.ts';
import { ipAddresses, serviceCIDRs } from '../../resources/schema/resource-types.generated.ts';
import { cidrContains, parseCidr } from '../../resources/validation/ip-address.ts';
import { type Controller, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { ipAddressInformer, serviceCIDRInformer } from '../runtime/projections.ts';

const finalizer = 'networking.k8s.io/service-cidr-finalizer';
const fieldManager = 'service-cidr-controller';
/** How long a range stays after its deletion: until then every server has heard that it gives out none of its addresses any more. */
const graceMs = 10_000;

/** Says that a range may be used, and keeps one that is deleted for as long as services have addresses that no other range has. */
export function serviceCIDRController(context: ControllerContext): Controller {
  const { client, informers, environment, events } = context;
  const ranges: Informer<ServiceCIDR> = informers.informer(serviceCIDRs, serviceCIDRInformer);
  const addresses: Informer<IPAddress> = informers.informer(ipAddresses, ipAddressInformer);
  const nameOf = ({ metadata }: ServiceCIDR) => metadata.name ?? '';

  async function setReady(
    range: ServiceCIDR,
    ready: Omit<Condition, 'type' | 'lastTransitionTime'>,
    signal: AbortSignal,
  ) {
    if (saysTheSame(findCondition(range.status?.conditions, 'Ready'), ready)) return;
    const condition = { type: 'Ready', ...ready, lastTransitionTime: formatTime(environment.now()) };
    const body = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'ServiceCIDR',
      metadata: { name: nameOf(range) },
      status: { conditions: [condition] },
    };
    const options = { subresource: 'status', fieldManager, force: true, signal };
    await client.patch(serviceCIDRs, { name: nameOf(range) }, { type: 'apply', body }, options);
  }

  async function setFinalizers(range: ServiceCIDR, finalizers: readonly string[], signal: AbortSignal): Promise<void> {
    await client.update(serviceCIDRs, { ...range, metadata: { ...range.metadata, finalizers } }, { signal });
  }

  async function release(range: ServiceCIDR, signal: AbortSignal) {
    const own = range.metadata.finalizers ?? [];
    if (!own.includes(finalizer)) return undefined;
    if (isNeeded(range, [...ranges.list()], addresses.list())) {
      const message =
        'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR';
      await setReady(range, { status: 'False', reason: 'Terminating', message }, signal);
      return undefined;
    }
    const requeueAfterMs = Date.parse(range.metadata.deletionTimestamp ?? '') + graceMs - environment.now();
    if (requeueAfterMs > 0) return { requeueAfterMs };
    await setFinalizers(
      range,
      own.filter((each) => each !== finalizer),
      signal,
    );
    return undefined;
  }

  return {
    name: 'service-cidr-controller',
    watches: [
      watching(ranges, ({ type, object }) =>
        type === 'added'
          ? [...ranges.list()].filter((each) => each === object || overlap(each, object)).map(nameOf)
          : [nameOf(object)],
      ),
      watching(addresses, ({ type, object }) =>
        type === 'updated' || !isServiceAddress(object)
          ? []
          : [...ranges.list()].filter((each) => servesAddress(each, object.metadata.name ?? '')).map(nameOf),
      ),
    ],
    async reconcile(name, signal) {
      const range = ranges.get(name);
      if (range === undefined) return undefined;
      if (range.metadata.deletionTimestamp !== undefined) return release(range, signal);
      const own = range.metadata.finalizers ?? [];
      if (!own.includes(finalizer)) await setFinalizers(range, [...own, finalizer], signal);
      try {
        await setReady(range, { status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' }, signal);
      } catch (error) {
        const what = 'The ServiceCIDR Status can not be set to Ready=True';
        events.event(referenceTo(serviceCIDRs, range), 'Warning', 'KubernetesServiceCIDRError', what);
        throw error;
      }
      return undefined;
    },
  };
}

/** Whether addresses of services would be without a range if this one went. */
function isNeeded(range: ServiceCIDR, all: readonly ServiceCIDR[], addresses: Iterable<IPAddress>): boolean {
  const others = all.filter((each) => each.metadata.name !== range.metadata.name);
  const covered = (range.spec?.cidrs ?? []).every((cidr) => others.some((other) => covers(other, cidr)));
  if (covered) return false;
  for (const address of addresses) {
    const name = address.metadata.name ?? '';
    if (!isServiceAddress(address) || !servesAddress(range, name)) continue;
    if (!others.some((other) => servesAddress(other, name))) return true;
  }
  return false;
}

function covers({ spec }: ServiceCIDR, cidr: string): boolean {
  const inner = parseCidr(cidr);
  return (spec?.cidrs ?? []).some((text) => {
    const outer = parseCidr(text);
    return inner !== undefined && outer !== undefined && cidrContains(outer, inner);
  });
}

function overlap(one: ServiceCIDR, other: ServiceCIDR): boolean {
  const anyOf = (a: ServiceCIDR, b: ServiceCIDR) => (b.spec?.cidrs ?? []).some((cidr) => covers(a, cidr));
  return anyOf(one, other) || anyOf(other, one);
}
