import type { Environment, Timer } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';

export interface AddressWatchOptions {
  readonly environment: Environment;
  readonly logger: Logger;
  /** The machine's addresses at this moment, the best first. */
  readonly look: () => readonly string[];
  /** Told of other ones than before; one that fails is told again. */
  readonly onChange: (addresses: readonly string[]) => Promise<void>;
}

const lookEveryMs = 2_000;

/** Notices when the machine's addresses change: nobody tells of it. */
export class AddressWatch {
  readonly #options: AddressWatchOptions;
  #known: readonly string[];
  #timer: Timer | undefined;
  #telling: Promise<void> | undefined;
  #stopped = false;

  constructor(options: AddressWatchOptions) {
    this.#options = options;
    this.#known = options.look();
    this.#later();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#telling;
  }

  #later(): void {
    if (this.#stopped) return;
    this.#timer = this.#options.environment.setTimer(lookEveryMs, () => {
      this.#telling = this.#look().finally(() => this.#later());
    });
  }

  async #look(): Promise<void> {
    const { look, onChange, logger } = this.#options;
    const addresses = look();
    // A machine between two networks has none for a moment: nothing could be told to anybody.
    if (addresses.length === 0 || addresses.join() === this.#known.join()) return;
    try {
      await onChange(addresses);
      this.#known = addresses;
      logger.info('the addresses of this machine have changed', { addresses });
    } catch (err) {
      logger.warn('the change of addresses was not taken up; it is tried again', { err, addresses });
    }
  }
}
