import pino, { type Logger as Pino } from 'pino';
import type { LogFields, Logger } from '../../machinery/log.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Characters that wait to be written; further lines are lost. */
const mostWaiting = 1 << 20;

/** JSON lines to a file (made with its folder), or to stderr. */
export function pinoLogger(options: {
  readonly level: LogLevel;
  readonly file?: string | undefined;
  readonly name: string;
}): Logger {
  const dest = options.file ?? 2;
  const destination = pino.destination({ dest, sync: true, mkdir: true, append: true, maxLength: mostWaiting });
  // Nobody ends because the disk with its log is full: what is not written is tried again with the next line.
  destination.on('error', () => {});
  return wrap(
    pino({ level: options.level, base: { part: options.name }, timestamp: pino.stdTimeFunctions.isoTime }, destination),
  );
}

function wrap(logger: Pino): Logger {
  const at = (level: LogLevel) => (message: string, fields?: LogFields) => {
    if (fields === undefined) logger[level](message);
    else logger[level](fields, message);
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => wrap(logger.child(fields)),
  };
}
