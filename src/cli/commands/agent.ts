import { runAgent } from '../../cluster/agent/agent-process.ts';
import { pinoLogger } from '../../cluster/observability/pino-logger.ts';

/** `stuurman agent SETTINGS`: what the server starts in the background. Its output goes to the log file. */
export async function agent(settings: string): Promise<void> {
  const logger = pinoLogger({ level: 'info', name: 'agent' });
  const running = await runAgent(settings, logger);
  const end = async () => {
    await running.stop();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void end());
}
