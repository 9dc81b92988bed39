import { readFile, writeFile } from 'node:fs/promises';

/** What a kubelet and its runtime have: when memory runs out the kernel ends every pod before them. */
const agentOomScore = -999;

/**
 * Makes the kernel end a process last when memory runs out; what it starts from then on inherits that. Answers why not, in words, where
 * the machine does not let us: that needs CAP_SYS_RESOURCE.
 */
export async function spareFromOom(pid: number | 'self'): Promise<string | undefined> {
  const file = `/proc/${pid}/oom_score_adj`;
  try {
    // Who has this already may not be allowed to write it.
    if ((await readFile(file, 'utf8')).trim() === String(agentOomScore)) return undefined;
    await writeFile(file, String(agentOomScore));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
