/** How this program is started again, without what it was asked: a command goes behind it. */
export const thisProgram: readonly string[] = [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
