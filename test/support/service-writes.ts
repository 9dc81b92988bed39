import type { ServiceAllocator } from '../../src/apiserver/allocators/service-allocator.ts';
import type { WriteReservation } from '../../src/apiserver/registry/extension-points.ts';
import { type Draft, draft } from '../../src/machinery/object.ts';
import type { Service, ServiceSpec } from '../../src/resources/schema/core-v1.generated.ts';

interface Prepared {
  readonly object: Draft<Service>;
  readonly reservation: WriteReservation | undefined;
}

/** Writes of one service before the allocator of the moment. */
export function serviceWrites(allocator: () => ServiceAllocator) {
  const ports = [{ port: 80, protocol: 'TCP' }];
  const service = (spec: ServiceSpec): Service => ({
    metadata: { name: 's', namespace: 'apps' },
    spec: { ports, ...spec },
  });

  async function prepare(spec: ServiceSpec, old?: Draft<Service>, dryRun = false): Promise<Prepared> {
    const object = draft(service(spec));
    return { object, reservation: await allocator().prepare(object, old as Service | undefined, dryRun) };
  }

  /** Writes, as the registry does when all goes well. */
  async function write(spec: ServiceSpec, old?: Draft<Service>): Promise<Draft<Service>> {
    const { object, reservation } = await prepare(spec, old);
    reservation?.commit();
    return object;
  }

  const problem = (spec: ServiceSpec, old?: Draft<Service>) =>
    prepare(spec, old).then(
      ({ reservation }) => {
        reservation?.rollback();
        return 'good';
      },
      (error: Error) => error.message.replace('Service "s" is invalid: ', ''),
    );

  return { service, prepare, write, problem };
}
