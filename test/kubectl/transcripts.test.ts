import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, inject, test } from 'vitest';
import { Kubectl } from './kubectl.ts';
import { argumentsOf, formatAnswer, readTranscript } from './transcript.ts';

const folder = fileURLToPath(new URL('./transcripts/', import.meta.url));
/** The kubeconfig of a real Kubernetes: what is said there is written down, instead of being compared. */
const recordFrom = process.env['STUURMAN_RECORD_FROM'];
const changeValue = 'sed -i /a:/s/1/edited/';

/** What is expected here was said by a real Kubernetes. */
test.for(readdirSync(folder).sort())('%s', { concurrent: true }, async (file) => {
  const recorded = readFileSync(`${folder}${file}`, 'utf8');
  const namespace = `transcript-${file.replace('.txt', '')}`;
  const kubectl = await Kubectl.inNamespace(namespace, recordFrom ?? inject('kubeconfig'));
  let said = '';
  for (const part of readTranscript(recorded)) {
    if ('comment' in part) {
      said += `${said === '' ? '' : '\n'}${part.comment}\n`;
      continue;
    }
    const args = argumentsOf(part.command.replaceAll('NAMESPACE', namespace));
    const answer = await kubectl.run(args, { editor: changeValue });
    said += `$ kubectl ${part.command}\n${formatAnswer(answer)}`;
  }
  if (recordFrom === undefined) expect(said).toBe(recorded);
  else {
    writeFileSync(`${folder}${file}`, said);
    await kubectl.get(['delete', 'namespace', namespace, '--wait=false']);
  }
});
