import pino, { type Logger as Pino } from 'pino';
import type { LogFields, Logger } from '../../machinery/log.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** JSON lines to a file (made with its folder), or to stderr. */
export function pinoLogger(options: {
  readonly level: LogLevel;
  readonly file?: string | undefined;
  readonly name: string;
}): Logger {
  const destination = pino.destination({ dest: options.file ?? 2, sync: true, mkdir: true, append: true });
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
