/** Structured values that accompany a log line. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * What every component logs through; handed in by the constructor, bound to pino in the composition root.
 * An error goes under the key `err`.
 */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to each line. */
  child(fields: LogFields): Logger;
}

/** Discards everything: for tests, and for a library cluster that was not asked to log. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};
