import type { Answer } from './kubectl.ts';

/** A transcript: comments, and commands each with what it printed, then what went wrong, then its code unless that is 0. */
export type TranscriptPart = { readonly comment: string } | { readonly command: string };

export function readTranscript(text: string): readonly TranscriptPart[] {
  return text.split('\n').flatMap((line): TranscriptPart[] => {
    if (line.startsWith('# ')) return [{ comment: line }];
    return line.startsWith('$ kubectl ') ? [{ command: line.slice('$ kubectl '.length) }] : [];
  });
}

/** Arguments are apart by blanks; single quotes keep them together. */
export function argumentsOf(command: string): readonly string[] {
  return [...command.matchAll(/'([^']*)'|\S+/g)].map(([whole, quoted]) => quoted ?? whole);
}

const consonants = '[bcdfghjklmnpqrstvwxz2456789]';
type Replacement = readonly [pattern: RegExp, to: string];

/** What differs from run to run. */
const accidents: readonly Replacement[] = [
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UID'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME'],
  [/(resourceVersion"?: )"\d+"/g, '$1"VERSION"'],
  // Before names of pods, for its digits may look like the end of one.
  [/\/tmp\/(LIVE|MERGED)-\d+/g, '$1'],
  [new RegExp(`-${consonants}{8,10}(-${consonants}{5})?\\b`, 'g'), '-HASH'],
  [/127\.0\.0\.1:\d+/g, 'SERVER'],
  [/"[^"]*\/kubectl-edit-[^"]*"/g, 'FILE'],
  [/^(---|\+\+\+) (LIVE|MERGED)(\S+)\t.*$/gm, '$1 $2$3'],
  [/^[EW]\d{4} [\d:.]+ +\d+ /gm, ''],
  [/ +\d+s$/gm, ' AGE'],
  [/nodePort":\d{5}/g, 'nodePort":PORT'],
];

/** What differs from one release of kubectl to the next, which a server has no part in: any from 1.31 on is held to the transcripts. */
const dialects: readonly Replacement[] = [
  [/( deleted) from \S+ namespace/g, '$1'],
  [/^ *creationTimestamp: null\n/gm, ''],
  [/,kyaml,/g, ','],
  [/^error: no objects passed to scale$/gm, 'Error from server (NotFound): deployments.apps "none" not found'],
  [/^error: no objects passed to scale (?=.* not found$)/gm, 'Error from server (NotFound): '],
  [
    /^error: invalid subresource value: "bogus".*$/gm,
    'Error from server (NotFound): the server could not find the requested resource',
  ],
  [/^Warning: resource \S+ was previously managed with 'kubectl apply'\. Rolling back .*\n/gm, ''],
];

export function formatAnswer({ code, stdout, stderr }: Answer): string {
  const text = [stdout, stderr]
    .filter((each) => each !== '')
    .map((each) => (each.endsWith('\n') ? each : `${each}\n`))
    .join('');
  const same = [...accidents, ...dialects].reduce((so, [pattern, to]) => so.replace(pattern, to), text);
  return `${same.replace(/[ \t]+$/gm, '')}${code === 0 ? '' : `[${code}]\n`}`;
}
