/** A value of a metric, with its labels in the order in which they are written. */
export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Milliseconds since 1970; absent: now. */
  readonly timestamp?: number | undefined;
}

/** One metric family. */
export interface MetricFamily {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly samples: readonly MetricSample[];
}

export function counter(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, type: 'counter', help, samples };
}

export function gauge(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, type: 'gauge', help, samples };
}

/** The text format of Prometheus. Families without samples are left out, as Prometheus' own clients do. */
export function metricText(families: readonly MetricFamily[]): string {
  const lines: string[] = [];
  // Many samples are of the same thing, and share its labels.
  const texts = new Map<MetricSample['labels'], string>();
  const textOf = (labels: MetricSample['labels']) => {
    const known = texts.get(labels) ?? labelText(labels);
    texts.set(labels, known);
    return known;
  };
  for (const { name, type, help, samples } of families) {
    if (samples.length === 0) continue;
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const { labels, value, timestamp } of samples)
      lines.push(`${name}${textOf(labels)} ${value}${timestamp === undefined ? '' : ` ${Math.floor(timestamp)}`}`);
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(value: string): string {
  return /[\\"\n]/.test(value) ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : value;
}
