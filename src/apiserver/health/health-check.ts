/** One thing that must be in order. */
export interface HealthCheck {
  /** As it stands in paths and answers: `etcd`, `poststarthook/rbac/bootstrap-roles`. */
  readonly name: string;
  /** Throws, or rejects, when it is not in order. Called for every request: answers from memory, or quickly. */
  check(signal: AbortSignal): Promise<void> | void;
}

/** In order once the work has been done: for what has to happen at the start. */
export class StartupCheck implements HealthCheck {
  readonly name: string;
  #done = false;

  constructor(name: string) {
    this.name = name;
  }

  done(): void {
    this.#done = true;
  }

  check(): void {
    if (!this.#done) throw new Error('not finished');
  }
}
