import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/event-recorder.ts';
import type { InformerFactory } from '../../client/informer.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { MetricRegistry } from '../../machinery/metrics.ts';

/** What every controller is made from. */
export interface ControllerContext {
  /** Acts as the controller's own ServiceAccount. */
  readonly client: Client;
  /** Shared among all controllers of the process; their objects carry no `managedFields`. */
  readonly informers: InformerFactory;
  readonly environment: Environment;
  /** Tells under the controller's name. */
  readonly events: EventRecorder;
  readonly logger: Logger;
  readonly metrics: MetricRegistry;
}
