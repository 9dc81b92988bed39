/** The part that conditions of all kinds share. */
export interface Condition {
  readonly type?: string | undefined;
  readonly status?: string | undefined;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly lastTransitionTime?: string | undefined;
}

export function findCondition<C extends Condition>(conditions: readonly C[] | undefined, type: string): C | undefined {
  return conditions?.find((each) => each.type === type);
}

export function isConditionTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === 'True';
}

/** Whether a condition says what another one does, whenever that began. */
export function saysTheSame(one: Condition | undefined, other: Condition): boolean {
  return one?.status === other.status && one?.reason === other.reason && one?.message === other.message;
}

export function withoutCondition<C extends Condition>(conditions: readonly C[], type: string): readonly C[] {
  return conditions.filter((each) => each.type !== type);
}

/**
 * Sets a condition, last of all. One with the same status and reason stays as it is; one with the same status keeps the time since
 * when that holds.
 */
export function withCondition<C extends Condition>(conditions: readonly C[], condition: C): readonly C[] {
  const current = findCondition(conditions, condition.type ?? '');
  if (current?.status === condition.status && current?.reason === condition.reason) return conditions;
  const kept =
    current?.status === condition.status
      ? { ...condition, lastTransitionTime: current?.lastTransitionTime }
      : condition;
  return [...withoutCondition(conditions, condition.type ?? ''), kept];
}

/** Puts a condition in the place of the one of its type, or last of all; the time stays while the status does. */
export function withStatusCondition<C extends Condition>(conditions: readonly C[], condition: C): readonly C[] {
  const current = findCondition(conditions, condition.type ?? '');
  if (current === undefined) return [...conditions, condition];
  const since = current.status === condition.status ? current.lastTransitionTime : condition.lastTransitionTime;
  return conditions.map((each) => (each === current ? { ...condition, lastTransitionTime: since } : each));
}
