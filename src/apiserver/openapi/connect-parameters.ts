import { type Parameter, pretty, query } from './parameters.ts';

const pathOption = query('path', 'string', 'What follows in the path of the request that is passed on.');

const exec: readonly Parameter[] = [
  query('command', 'string', 'The program to run and its arguments, one parameter each; no shell reads them.'),
  query('container', 'string', 'In which container; it may be left out when there is one.'),
  query('stderr', 'boolean', 'Whether its errors are sent.'),
  query('stdin', 'boolean', 'Whether it gets an input.'),
  query('stdout', 'boolean', 'Whether its output is sent.'),
  query('tty', 'boolean', 'Whether it runs in a terminal.'),
];

/** What a connection can be asked for, by the name of its subresource. */
export const connectParameters: Readonly<Record<string, readonly Parameter[]>> = {
  exec,
  attach: exec.filter(({ name }) => name !== 'command'),
  portforward: [query('ports', 'integer', 'Ports to forward, for WebSockets.')],
  proxy: [pathOption],
  log: [
    query('container', 'string', 'Of which container; it may be left out when there is one.'),
    query('follow', 'boolean', 'Whether the log goes on while the container writes.'),
    query('limitBytes', 'integer', 'How many bytes at most.'),
    pretty,
    query('previous', 'boolean', 'Of the container that ran before.'),
    query('sinceSeconds', 'integer', 'Only lines of the last so many seconds.'),
    query('tailLines', 'integer', 'How many lines from the end.'),
    query('timestamps', 'boolean', 'Whether each line begins with its time.'),
  ],
};
