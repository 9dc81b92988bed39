import { parseDuration } from '../machinery/duration.ts';
import { milliValueOf, quantityProblem } from '../machinery/quantity.ts';
import type { NodeConfig } from './config.ts';
import type { EvictionConfig } from './eviction/eviction-config.ts';
import { thresholdsOf } from './eviction/thresholds.ts';

type Pairs = Readonly<Record<string, string>>;

/**
 * What of a node is kept from its pods, and when they are ended for its sake: a kubelet's settings, under the names of its
 * configuration. What is absent is as usual.
 */
export interface NodeLimits {
  readonly systemReserved?: Pairs | undefined;
  readonly kubeReserved?: Pairs | undefined;
  readonly evictionHard?: Pairs | undefined;
  readonly evictionSoft?: Pairs | undefined;
  readonly evictionSoftGracePeriod?: Pairs | undefined;
  readonly evictionMinimumReclaim?: Pairs | undefined;
  readonly evictionMaxPodGracePeriod?: number | undefined;
  readonly evictionPressureTransitionPeriod?: string | undefined;
}

/** The same as they are written on a command line, `--eviction-hard 'memory.available<1Gi'`. */
export type NodeLimitFlags = { readonly [Name in keyof NodeLimits]?: string | undefined };

type Usual = Pick<NodeConfig, 'eviction'>;

const reservable = ['cpu', 'memory', 'ephemeral-storage', 'pid'];
const noThresholds = { hard: {}, soft: {}, softGracePeriodMs: {}, minimumReclaim: {} };

/**
 * The limits with what is given on a command line in the place of what was known; an empty text brings the usual back. Throws an `Error`
 * that names the flag.
 */
export function withFlags(known: NodeLimits, flags: NodeLimitFlags, usual: Usual): NodeLimits {
  const limits: NodeLimits = {
    ...known,
    ...given(flags, 'systemReserved', reserved),
    ...given(flags, 'kubeReserved', reserved),
    ...given(flags, 'evictionHard', (text) => thresholds(pairs(text, '<'))),
    ...given(flags, 'evictionSoft', (text) => pairs(text, '<')),
    ...given(flags, 'evictionSoftGracePeriod', gracePeriods),
    // An amount of a signal, as a threshold is.
    ...given(flags, 'evictionMinimumReclaim', (text) => thresholds(pairs(text, '='))),
    ...given(flags, 'evictionMaxPodGracePeriod', wholeSeconds),
    ...given(flags, 'evictionPressureTransitionPeriod', duration),
  };
  const { soft, softGracePeriodMs } = limitsConfig(limits, usual).eviction;
  naming('evictionSoft', () => thresholdsOf({ ...usual.eviction, ...noThresholds, soft, softGracePeriodMs }));
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}

/** What a node is told of them. Hard thresholds that are given stand in for all of the usual ones, as a kubelet has it. */
export function limitsConfig(
  limits: NodeLimits,
  { eviction }: Usual,
): Pick<NodeConfig, 'systemReserved' | 'kubeReserved' | 'eviction'> {
  const { evictionSoftGracePeriod = {}, evictionPressureTransitionPeriod: transition } = limits;
  const gracePeriodsMs = Object.entries(evictionSoftGracePeriod).map(([signal, text]) => [signal, parseDuration(text)]);
  const config: EvictionConfig = {
    ...eviction,
    hard: limits.evictionHard ?? eviction.hard,
    soft: limits.evictionSoft ?? eviction.soft,
    softGracePeriodMs: Object.fromEntries(gracePeriodsMs) as EvictionConfig['softGracePeriodMs'],
    minimumReclaim: limits.evictionMinimumReclaim ?? eviction.minimumReclaim,
    maxPodGracePeriodSeconds: limits.evictionMaxPodGracePeriod ?? eviction.maxPodGracePeriodSeconds,
    pressureTransitionMs: transition === undefined ? eviction.pressureTransitionMs : parseDuration(transition),
  };
  return { systemReserved: limits.systemReserved ?? {}, kubeReserved: limits.kubeReserved ?? {}, eviction: config };
}

function given<Name extends keyof NodeLimits>(
  flags: NodeLimitFlags,
  name: Name,
  read: (text: string) => NonNullable<NodeLimits[Name]>,
): Partial<NodeLimits> {
  const text = flags[name];
  if (text === undefined) return {};
  return { [name]: text.trim() === '' ? undefined : naming(name, () => read(text)) };
}

function naming<T>(name: keyof NodeLimits, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new Error(`--${flag}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** `a=1,b=2`, in the kubelet's way and words. */
function pairs(text: string, separator: '=' | '<'): Pairs {
  const found: Record<string, string> = {};
  for (const part of text.split(',')) {
    if (part.trim() === '') continue;
    const at = part.indexOf(separator);
    if (at < 0) throw new Error(`malformed pair, expect string${separator}string, not "${part.trim()}"`);
    found[part.slice(0, at).trim()] = part.slice(at + 1).trim();
  }
  return found;
}

function reserved(text: string): Pairs {
  const found = pairs(text, '=');
  for (const [resource, quantity] of Object.entries(found)) {
    if (!reservable.includes(resource))
      throw new Error(`cannot reserve "${resource}" resource: there are ${reservable.join(', ')}`);
    const problem = quantityProblem(quantity);
    if (problem !== undefined)
      throw new Error(`failed to parse quantity "${quantity}" for "${resource}" resource: ${problem}`);
    if (milliValueOf(quantity) < 0)
      throw new Error(`resource quantity for "${resource}" cannot be negative: ${quantity}`);
  }
  return found;
}

function thresholds(found: Pairs): Pairs {
  thresholdsOf({ maxPodGracePeriodSeconds: 0, pressureTransitionMs: 0, everyMs: 0, ...noThresholds, hard: found });
  return found;
}

function gracePeriods(text: string): Pairs {
  const found = pairs(text, '=');
  for (const [signal, period] of Object.entries(found))
    if (parseDuration(period) <= 0) throw new Error(`the grace period of ${signal} must be positive, not ${period}`);
  return found;
}

function wholeSeconds(text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`takes a whole number of seconds, not "${text}"`);
  return Number(text);
}

function duration(text: string): string {
  parseDuration(text);
  return text;
}
