import type { Environment } from '../machinery/environment/environment.ts';
import type { KubeObject } from '../machinery/object.ts';
import { timeout } from '../machinery/status-errors.ts';
import { requireAuthorized } from './authz/require-authorized.ts';
import type { FlowControl } from './http/flow-control.ts';
import { acceptObject } from './registry/accept-object.ts';
import type { Call } from './registry/call.ts';
import type { OpenWatch, ResourceServer } from './registry/resource-server.ts';
import type { WatchSettings } from './registry/watch.ts';
import type { WriteSettings } from './registry/write-scope.ts';
import type { Authorizer } from './request.ts';

export interface RequestGateOptions {
  readonly environment: Environment;
  readonly authorizer: Authorizer;
  readonly flow: FlowControl;
  readonly resources: ResourceServer;
}

/** No request that is not long-running takes longer than this. */
const requestTimeoutMs = 60_000;

/** What every request passes, whether it came over HTTP or from a component in the same process: authorisation and flow control. */
export class RequestGate {
  readonly environment: Environment;
  readonly resources: ResourceServer;
  readonly #authorizer: Authorizer;
  readonly #flow: FlowControl;

  constructor(options: RequestGateOptions) {
    this.environment = options.environment;
    this.resources = options.resources;
    this.#authorizer = options.authorizer;
    this.#flow = options.flow;
  }

  /** Runs `work` when the caller may do this and there is room for it. Throws Forbidden, TooManyRequests, Timeout. */
  async run<R>(call: Call, work: (call: Call) => Promise<R>): Promise<R> {
    requireAuthorized(this.#authorizer, call.user, call.info);
    const deadline = this.environment.deadline(requestTimeoutMs, call.signal);
    try {
      return await this.#flow.run(call.info, () => work({ ...call, signal: deadline.signal }), call.signal);
    } catch (error) {
      if (deadline.signal.aborted && call.signal?.aborted !== true)
        throw timeout('request did not complete within the allotted timeout');
      throw error;
    } finally {
      deadline.cancel();
    }
  }

  async watch(call: Call, settings: WatchSettings): Promise<OpenWatch> {
    requireAuthorized(this.#authorizer, call.user, call.info);
    return this.resources.watch(call, settings);
  }

  /** An object from a caller in this process, as if it had been decoded. */
  accept(call: Call, object: KubeObject): KubeObject {
    return acceptObject(this.resources.served(call).definition, object) as KubeObject;
  }

  async create(call: Call, object: KubeObject, settings: WriteSettings): Promise<KubeObject> {
    const { definition } = this.resources.served(call);
    return (await this.resources.create(call, acceptObject(definition, object), settings)).object;
  }
}
