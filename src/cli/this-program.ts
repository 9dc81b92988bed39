const [runtime, ...options] = [process.execPath, ...process.execArgv];
const file = process.argv[1] ?? '';

/** How this program is started again, without what it was asked: a command goes behind it. */
export const thisProgram: readonly string[] = [runtime, ...options, file];

/**
 * How a node's agent is started. What an agent allocates is little at a time and does not live long, yet V8 lets the space for it grow to
 * 16 MB in three parts: a small one costs it next to nothing (`bench/agent.ts`).
 */
export const agentProgram: readonly string[] = [runtime, '--max-semi-space-size=2', ...options, file, 'agent'];
