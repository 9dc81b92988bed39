import { describe, expect, test } from 'vitest';
import type { HorizontalPodAutoscalerBehavior } from '../../resources/schema/autoscaling-v2.generated.ts';
import { type BoundRequest, boundReplicas } from './bound-replicas.ts';
import { ScalingHistory } from './scaling-history.ts';

const nowMs = 10_000_000;

function bound(
  request: Partial<BoundRequest> & Pick<BoundRequest, 'current' | 'wanted'>,
  history = new ScalingHistory(),
) {
  const { replicas, able, limit, isLimited } = boundReplicas({
    min: 1,
    max: 10,
    behavior: undefined,
    history,
    nowMs,
    ...request,
  });
  return [replicas, able.reason, isLimited, limit.reason];
}

/** Recommendations as seconds ago and number. */
function recommended(...all: readonly (readonly [secondsAgo: number, replicas: number])[]): ScalingHistory {
  const history = new ScalingHistory();
  for (const [secondsAgo, replicas] of all) history.recommend(replicas, nowMs - secondsAgo * 1000);
  return history;
}

describe('without rules of its own', () => {
  test.each([
    [{ current: 3, wanted: 5 }, [5, 'ReadyForNewScale', false, 'DesiredWithinRange']],
    [{ current: 1, wanted: 9 }, [4, 'ReadyForNewScale', true, 'ScaleUpLimit']],
    [{ current: 3, wanted: 9 }, [6, 'ReadyForNewScale', true, 'ScaleUpLimit']],
    [{ current: 6, wanted: 30 }, [10, 'ReadyForNewScale', true, 'TooManyReplicas']],
    [{ current: 3, wanted: 0 }, [1, 'ReadyForNewScale', true, 'TooFewReplicas']],
  ] as const)('%j', (request, expected) => {
    expect(bound(request)).toEqual(expected);
  });

  test('the highest recommendation of five minutes holds', () => {
    const history = recommended([301, 9], [299, 7], [10, 2]);
    expect(bound({ current: 8, wanted: 2 }, history)).toEqual([7, 'ScaleDownStabilized', false, 'DesiredWithinRange']);
  });
});

const rules = (behavior: HorizontalPodAutoscalerBehavior): HorizontalPodAutoscalerBehavior => ({
  scaleUp: { stabilizationWindowSeconds: 0, selectPolicy: 'Max', ...behavior.scaleUp },
  scaleDown: { stabilizationWindowSeconds: 0, selectPolicy: 'Max', ...behavior.scaleDown },
});
const pods = (value: number, periodSeconds = 60) => ({ type: 'Pods', value, periodSeconds });
const percent = (value: number, periodSeconds = 60) => ({ type: 'Percent', value, periodSeconds });

describe('with rules of its own', () => {
  test.each([
    ['up by pods', { scaleUp: { policies: [pods(2)] } }, 4, 9, [6, true, 'ScaleUpLimit']],
    ['up by percent, rounded up', { scaleUp: { policies: [percent(10)] } }, 1, 9, [2, true, 'ScaleUpLimit']],
    ['up by the greater', { scaleUp: { policies: [pods(1), percent(50)] } }, 4, 9, [6, true, 'ScaleUpLimit']],
    [
      'up by the smaller',
      { scaleUp: { selectPolicy: 'Min', policies: [pods(1), percent(50)] } },
      4,
      9,
      [5, true, 'ScaleUpLimit'],
    ],
    ['not up', { scaleUp: { selectPolicy: 'Disabled', policies: [pods(1)] } }, 4, 9, [4, true, 'ScaleUpLimit']],
    ['up to the maximum', { scaleUp: { policies: [pods(100)] } }, 4, 19, [10, true, 'TooManyReplicas']],
    ['down by pods', { scaleDown: { policies: [pods(2)] } }, 9, 3, [7, true, 'ScaleDownLimit']],
    ['down by percent, rounded down', { scaleDown: { policies: [percent(10)] } }, 5, 1, [4, true, 'ScaleDownLimit']],
    ['down by the greater', { scaleDown: { policies: [pods(1), percent(50)] } }, 8, 1, [4, true, 'ScaleDownLimit']],
    [
      'down by the smaller',
      { scaleDown: { selectPolicy: 'Min', policies: [pods(1), percent(50)] } },
      8,
      1,
      [7, true, 'ScaleDownLimit'],
    ],
    ['not down', { scaleDown: { selectPolicy: 'Disabled', policies: [pods(1)] } }, 8, 1, [8, true, 'ScaleDownLimit']],
    ['down to the minimum', { scaleDown: { policies: [percent(100)] } }, 8, 0, [1, true, 'TooFewReplicas']],
    ['as wanted', { scaleDown: { policies: [percent(100)] } }, 8, 2, [2, false, 'DesiredWithinRange']],
  ] as const)('%s', (_what, behavior, current, wanted, expected) => {
    const [replicas, , isLimited, reason] = bound({ current, wanted, behavior: rules(behavior) });
    expect([replicas, isLimited, reason]).toEqual(expected);
  });

  test('a policy counts what was done in its period, either way', () => {
    const history = new ScalingHistory();
    history.scaled(2, 5, nowMs - 59_000);
    history.scaled(5, 4, nowMs - 10_000);
    const behavior = rules({ scaleUp: { policies: [pods(4)] } });
    // It began with 2 pods, so that there may be 6.
    expect(bound({ current: 4, wanted: 9, behavior }, history)[0]).toBe(6);
    expect(bound({ current: 4, wanted: 9, behavior, nowMs: nowMs + 2_000 }, history)[0]).toBe(9);
    expect(bound({ current: 8, wanted: 9, behavior }, history)[0]).toBe(9);
  });

  test('what was done already stops further steps, and takes none back', () => {
    const history = new ScalingHistory();
    history.scaled(1, 5, nowMs - 10_000);
    const behavior = rules({ scaleUp: { policies: [pods(2)] } });
    expect(bound({ current: 5, wanted: 9, behavior }, history)).toEqual([5, 'ReadyForNewScale', true, 'ScaleUpLimit']);
  });

  test('up no further than the least of its window, down no further than the most of the other', () => {
    const behavior = rules({
      scaleUp: { stabilizationWindowSeconds: 60, policies: [percent(1000)] },
      scaleDown: { stabilizationWindowSeconds: 120, policies: [percent(100)] },
    });
    const history = recommended([130, 1], [100, 8], [50, 5]);
    expect(bound({ current: 4, wanted: 9, behavior }, history).slice(0, 2)).toEqual([5, 'ScaleUpStabilized']);
    expect(bound({ current: 9, wanted: 2, behavior }, history).slice(0, 2)).toEqual([8, 'ScaleDownStabilized']);
    expect(bound({ current: 6, wanted: 6, behavior }, history).slice(0, 2)).toEqual([6, 'ReadyForNewScale']);
  });

  test('five minutes down, where it does not say', () => {
    const behavior = { scaleUp: { policies: [pods(1)] }, scaleDown: { policies: [percent(100)] } };
    expect(bound({ current: 9, wanted: 2, behavior }, recommended([299, 8]))[0]).toBe(8);
    expect(bound({ current: 9, wanted: 2, behavior }, recommended([301, 8]))[0]).toBe(2);
  });
});

test('a recommendation that is repeated, and what is too old for every window, is not kept', () => {
  const history = recommended([7200, 5], [30, 3], [15, 3], [0, 3]);
  expect(history.recommendations).toEqual([{ replicas: 3, atMs: nowMs }]);
});
