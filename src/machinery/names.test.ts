import { expect, test } from 'vitest';
import * as names from './names.ts';

const labelMessage =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const subdomainMessage =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const labelKeyMessage =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

test.each<[names.NameRule, string[]]>([
  [names.dnsLabel, ['a', '0', 'a-b', 'a'.repeat(63)]],
  [names.dnsSubdomain, ['a.b-c.0', 'a'.repeat(253)]],
  [names.dnsSubdomainWithUnderscore, ['_a.b_c']],
  [names.dns1035Label, ['a', 'a-0']],
  [names.wildcardDnsSubdomain, ['*.example.com']],
  [names.qualifiedName, ['a', 'A_b.c-d', 'example.com/Name', `example.com/${'a'.repeat(63)}`]],
  [names.labelValueRule, ['', 'a', 'A_b.c-d']],
  [names.cIdentifier, ['_a', 'A9']],
  [names.httpHeaderName, ['X-Header']],
  [names.httpPath, ['/a/b%20?'.replace('?', '')]],
  [names.percentString, ['1%', '100%']],
  [names.conditionReason, ['Ready', 'a:b,c_']],
  [names.envVarName, ['A', '_a.b-c', '.hidden']],
  [names.relaxedEnvVarName, ['1 2', 'a$b']],
  [names.configMapKey, ['a', '.a', 'A_b-c.d']],
  [names.portName, ['http', 'a-1', '1a']],
])('%# accepts', (rule, values) => {
  expect(values.map((value) => [value, rule(value)])).toEqual(values.map((value) => [value, []]));
});

test.each<[names.NameRule, string, string[]]>([
  [names.dnsLabel, 'A', [labelMessage]],
  [names.dnsLabel, '', [labelMessage]],
  [names.dnsLabel, 'a\n', [labelMessage]],
  [names.dnsLabel, 'a.b', ['must not contain dots']],
  [names.dnsLabel, 'a'.repeat(64), ['must be no more than 63 characters']],
  [names.dnsLabel, `-${'a'.repeat(63)}`, ['must be no more than 63 characters', labelMessage]],
  [names.dnsSubdomain, 'a..b', [subdomainMessage]],
  [names.dnsSubdomain, 'a'.repeat(254), ['must be no more than 253 characters']],
  [names.dnsSubdomain, 'A'.repeat(1_000_000), ['must be no more than 253 characters']],
  [
    names.dns1035Label,
    '1a',
    [
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
    ],
  ],
  [names.qualifiedName, '', ['name part must be non-empty', `name part ${labelKeyMessage}`]],
  [names.qualifiedName, 'a b', [`name part ${labelKeyMessage}`]],
  [names.qualifiedName, '/a', ['prefix part must be non-empty']],
  [names.qualifiedName, 'A/b', [`prefix part ${subdomainMessage}`]],
  [names.qualifiedName, 'a'.repeat(64), ['name part must be no more than 63 bytes']],
  [
    names.qualifiedName,
    'a/b/c',
    [`a valid label key ${labelKeyMessage} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`],
  ],
  [names.labelValueRule, 'a'.repeat(64), ['must be no more than 63 bytes']],
  [
    names.labelValueRule,
    'a b',
    [
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    ],
  ],
  [
    names.envVarName,
    '..a b',
    [
      "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')",
      "must not start with '..'",
    ],
  ],
  [names.relaxedEnvVarName, '', ['environment variable name must be non-empty']],
  [
    names.relaxedEnvVarName,
    'a=b',
    ["a valid environment variable name must consist only of printable ASCII characters other than '='"],
  ],
  [names.configMapKey, '..', ["must not be '..'"]],
  [
    names.configMapKey,
    'a/b',
    [
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    ],
  ],
  [names.portName, 'a--b', ['must not contain consecutive hyphens']],
  [names.portName, '-1', ['must contain at least one letter (a-z)', 'must not begin or end with a hyphen']],
  [
    names.portName,
    'ABCDEFGHIJKLMNOP',
    [
      'must be no more than 15 characters',
      'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
      'must contain at least one letter (a-z)',
    ],
  ],
  [names.httpPath, 'a b', ["Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')"]],
])('%# refuses %j', (rule, value, messages) => {
  expect(rule(value)).toEqual(messages);
});

test('numbers', () => {
  expect(names.portNumber(0)).toEqual(['must be between 1 and 65535, inclusive']);
  expect(names.portNumber(65535)).toEqual([]);
  expect(names.userId(-1)).toEqual(['must be between 0 and 2147483647, inclusive']);
});

test('the dash at the end of a generateName is allowed', () => {
  expect(names.nameIsDnsSubdomain('web-', true)).toEqual([]);
  expect(names.nameIsDnsSubdomain('web-', false)).toEqual([subdomainMessage]);
  expect(names.nameIsDnsLabel('A-b-', true)).toEqual([labelMessage]);
  expect(names.pathSegmentName('..', false)).toEqual(["may not be '..'"]);
  expect(names.pathSegmentName('..', true)).toEqual([]);
  expect(names.pathSegmentName('a/%', false)).toEqual(["may not contain '/'", "may not contain '%'"]);
});
