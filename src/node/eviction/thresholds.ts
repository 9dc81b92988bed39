import { compareQuantities, parseQuantity, quantityOf, wholeValueOf } from '../../machinery/quantity.ts';
import type { EvictionConfig } from './eviction-config.ts';
import { type Signal, signals } from './signals.ts';

/** An amount, or a share of what there is. */
export type ThresholdAmount = { readonly quantity: number } | { readonly share: number };

/** Less of the signal than the amount is a shortage. */
export interface Threshold {
  readonly signal: Signal;
  readonly amount: ThresholdAmount;
  /** For how long it has to be met before something is done; 0 for a hard one. */
  readonly graceMs: number;
  readonly hard: boolean;
  readonly minimumReclaim: ThresholdAmount | undefined;
}

const zero = quantityOf(0);

/**
 * The thresholds of a configuration. Throws an `Error` for one that makes no sense. What is said of memory holds for the memory of all
 * pods together, too.
 */
export function thresholdsOf(config: EvictionConfig): readonly Threshold[] {
  const { hard, soft, softGracePeriodMs, minimumReclaim } = config;
  for (const names of [hard, soft, softGracePeriodMs, minimumReclaim]) checkNames(Object.keys(names));
  const thresholds: Threshold[] = [];
  const add = (signal: Signal, text: string, graceMs: number, isHard: boolean) => {
    const amount = amountOf(signal, text);
    const reclaim = minimumReclaim[signal];
    const least = reclaim === undefined ? undefined : amountOf(signal, reclaim);
    const one = { amount, graceMs, hard: isHard, minimumReclaim: least };
    // Zero means that nobody asks; a hundred percent would never be left.
    if (isZero(amount)) return;
    thresholds.push({ signal, ...one });
    const all = 'allocatableMemory.available';
    if (signal === 'memory.available' && isHard && hard[all] === undefined) thresholds.push({ signal: all, ...one });
  };
  for (const signal of signals) {
    const [hardText, softText, graceMs] = [hard[signal], soft[signal], softGracePeriodMs[signal]];
    if (hardText !== undefined) add(signal, hardText, 0, true);
    if (softText === undefined) continue;
    if (graceMs === undefined || graceMs <= 0)
      throw new Error(`grace period must be specified for the soft eviction threshold ${signal}`);
    add(signal, softText, graceMs, false);
  }
  return thresholds;
}

/** The amount in the unit of the signal, of what there is. */
export function amountIn(amount: ThresholdAmount, capacity: number): number {
  return 'share' in amount ? Math.floor(capacity * amount.share) : amount.quantity;
}

/** What hard thresholds keep free of something, in its unit; 0 where there is none. */
export function keptFree({ hard }: EvictionConfig, signal: Signal, capacity: number): number {
  const text = hard[signal];
  return text === undefined ? 0 : amountIn(amountOf(signal, text), capacity);
}

function amountOf(signal: Signal, text: string): ThresholdAmount {
  if (text.endsWith('%')) {
    const percent = Number(text.slice(0, -1));
    if (!/^\d+(\.\d+)?%$/.test(text) || percent > 100)
      throw new Error(`eviction percentage threshold ${signal} must be >= 0% and <= 100%: ${text}`);
    return { share: percent === 100 ? 0 : percent / 100 };
  }
  let quantity: ReturnType<typeof parseQuantity>;
  try {
    quantity = parseQuantity(text);
  } catch (cause) {
    throw new Error(`the eviction threshold ${signal} is no quantity: ${text}`, { cause });
  }
  if (compareQuantities(quantity, zero) < 0) throw new Error(`eviction threshold ${signal} must be positive: ${text}`);
  return { quantity: wholeValueOf(text) };
}

function isZero(amount: ThresholdAmount): boolean {
  return 'share' in amount ? amount.share === 0 : amount.quantity === 0;
}

function checkNames(names: readonly string[]): void {
  for (const name of names)
    if (!signals.some((signal) => signal === name)) throw new Error(`unknown eviction signal: ${name}`);
}
