import { expect, test } from 'vitest';
import { parseJsonPath } from './json-path.ts';

const object = {
  metadata: { name: 'a', labels: { 'app.kubernetes.io/name': 'x' } },
  spec: { ports: [{ port: 80, name: 'http' }, { port: 443, name: 'https' }, { port: 53 }], constructor: 'own' },
  status: {
    conditions: [
      { type: 'Ready', status: 'True', weight: 2 },
      { type: "it's", status: 'False', weight: 1 },
    ],
  },
};

test.each<[string, unknown[]]>([
  ['.metadata.name', ['a']],
  ['metadata.name', ['a']],
  ['{.metadata.name}', ['a']],
  ['$.metadata.name', ['a']],
  ['.', [object]],
  ['.missing.name', []],
  ['.toString', []],
  ['.spec.constructor', ['own']],
  ['.metadata.labels.app\\.kubernetes\\.io/name', ['x']],
  [".metadata.labels['app.kubernetes.io/name']", ['x']],
  ['.metadata["name"]', ['a']],
  ['.spec.ports[0].port', [80]],
  ['.spec.ports[-1].port', [53]],
  ['.spec.ports[9].port', []],
  ['.spec.ports[*].port', [80, 443, 53]],
  ['.spec.ports.*.name', ['http', 'https']],
  ['.spec.ports[0:2].port', [80, 443]],
  ['.spec.ports[1:].port', [443, 53]],
  ['.spec.ports[:-1].port', [80, 443]],
  ['.spec.ports[::2].port', [80, 53]],
  ['.spec.ports[0,2].port', [80, 53]],
  [".spec.ports[0]['name','port']", ['http', 80]],
  ['..port', [80, 443, 53]],
  ['.spec..name', ['http', 'https']],
  ['.status.conditions[?(@.type=="Ready")].status', ['True']],
  [".status.conditions[?(@.type=='it\\'s')].status", ['False']],
  ['.status.conditions[?(@.type != "Ready")].type', ["it's"]],
  ['.status.conditions[?( @.weight >= 2 )].type', ['Ready']],
  ['.status.conditions[?(@.weight<2)].type', ["it's"]],
  ['.spec.ports[?(@.name)].port', [80, 443]],
  ['.spec.ports[?(@.port==443)].name', ['https']],
])('%s', (path, found) => {
  expect(parseJsonPath(path).find(object)).toEqual(found);
});

test.each([
  ['.a[', 'unterminated array'],
  ['.a[x]', 'invalid array index x'],
  ['.a[1', 'unterminated array'],
  ['.a[?(@.b]', 'unterminated filter'],
  ['.a[?(@.b)', 'unclosed array expect ]'],
  ['.a[0:1:0]', 'step must be > 0'],
  ['...a', 'invalid multiple recursive descent'],
  ['.a}b', "unrecognized character in action: U+007D '}'"],
  ['.a b', "unrecognized character in action: U+0020 ' '"],
])('%s is refused: %s', (path, message) => {
  expect(() => parseJsonPath(path)).toThrow(message);
});
