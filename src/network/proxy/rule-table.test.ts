import { expect, test } from 'vitest';
import { RuleTable } from './rule-table.ts';
import { type Rules, RulesBuilder } from './rules.ts';

const service = (address: string, ...endpoints: readonly string[]): Rules => {
  const rules = new RulesBuilder();
  if (endpoints.length === 0) return rules.element('unserved', address, 'goto refuse');
  for (const endpoint of endpoints) rules.element('hairpins', endpoint);
  return rules.chain('one', [`dnat to ${endpoints}`]).element('services', address, 'goto one');
};

/** A table that the kernel has as it is. */
function committed(...owners: readonly (readonly [string, Rules])[]): RuleTable {
  const table = new RuleTable('st', ['map services { }']);
  for (const [owner, rules] of owners) table.put(owner, rules);
  table.whole();
  table.commit('whole', 0);
  return table;
}
const lines = (table: RuleTable, nowMs = 0) => table.changes(nowMs).trimEnd().split('\n');

test('nothing changed, nothing is sent', () => {
  const table = committed(['a', service('1', 'x')]);
  table.put('a', service('1', 'x'));
  table.put('b', service('2'));
  table.put('b', undefined);
  expect(table.changes(0)).toBe('');
});

test('another endpoint replaces one rule and touches no map', () => {
  const table = committed(['a', service('1', 'x')]);
  table.put('a', service('1', 'x', 'y'));
  expect(lines(table)).toEqual([
    'add chain ip st one',
    'flush chain ip st one',
    'add rule ip st one dnat to x,y',
    'add element ip st hairpins { y }',
  ]);
});

test('the last endpoint gone turns the service into a refusal, and back', () => {
  const table = committed(['a', service('1', 'x')]);
  table.put('a', service('1'));
  expect(lines(table)).toEqual([
    'delete element ip st hairpins { x }',
    'delete element ip st services { 1 : goto one }',
    'flush chain ip st one',
    'add element ip st unserved { 1 : goto refuse }',
  ]);
  table.commit('changes', 0);
  table.put('a', service('1', 'x'));
  expect(lines(table)[0]).toBe('delete element ip st unserved { 1 : goto refuse }');
});

test('a chain is deleted a moment after nothing leads to it, unless it is wanted again', () => {
  const table = committed(['a', service('1', 'x')]);
  table.put('a', undefined);
  table.changes(0);
  table.commit('changes', 0);
  table.put('b', service('2'));
  expect(lines(table, 10)).toEqual(['add element ip st unserved { 2 : goto refuse }']);
  table.commit('changes', 10);
  table.put('b', undefined);
  expect(lines(table, 1_500).at(-1)).toBe('delete chain ip st one');
  table.put('a', service('1', 'x'));
  expect(lines(table, 1_500).join()).not.toContain('delete chain');
});

test('an address that moves to another owner is taken before it is given', () => {
  const table = committed(['a', new RulesBuilder().element('services', '1', 'goto a')]);
  table.put('a', undefined);
  table.put('b', new RulesBuilder().element('services', '1', 'goto b'));
  expect(lines(table)).toEqual([
    'delete element ip st services { 1 : goto a }',
    'add element ip st services { 1 : goto b }',
  ]);
});

test('what two want stays until both are gone; where they differ the first one has its way', () => {
  const table = committed(['a', service('1', 'x')], ['b', new RulesBuilder().element('hairpins', 'x')]);
  table.put('b', new RulesBuilder().element('hairpins', 'x').element('services', '1', 'goto b'));
  expect(table.changes(0)).toBe('');
  table.put('a', undefined);
  expect(lines(table)).toEqual([
    'delete element ip st services { 1 : goto one }',
    'flush chain ip st one',
    'add element ip st services { 1 : goto b }',
  ]);
});

test('the whole table replaces what was there in one transaction', () => {
  const table = new RuleTable('st', ['map services { }']);
  table.put('a', new RulesBuilder().set('clients', 'type ipv4_addr;').chain('one', ['accept']));
  table.put('b', service('2'));
  expect(table.whole().trimEnd().split('\n')).toEqual([
    'table ip st {}',
    'delete table ip st',
    'table ip st {',
    'map services { }',
    '}',
    'add set ip st clients { type ipv4_addr; }',
    'add chain ip st one',
    'add rule ip st one accept',
    'add element ip st unserved { 2 : goto refuse }',
  ]);
});

test('sets come before the rules that use them and go after those', () => {
  const table = committed();
  const sticky = new RulesBuilder().set('clients', 'type ipv4_addr;').chain('one', ['ip saddr @clients accept']);
  table.put('a', sticky);
  expect(lines(table)[0]).toBe('add set ip st clients { type ipv4_addr; }');
  table.commit('changes', 0);
  table.put('a', undefined);
  expect(lines(table)).toEqual(['flush chain ip st one', 'delete set ip st clients']);
});
