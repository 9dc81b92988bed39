import { byteLength } from './go-text.ts';

/** A rule on a string: answers what is wrong with it in Kubernetes' words, nothing when it is good. */
export type NameRule = (value: string) => readonly string[];

/** The rule for the names of a kind. `prefix`: it is a generateName, to which a suffix will be added. */
export type NameValidator = (name: string, prefix: boolean) => readonly string[];

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = `${label}(\\.${label})*`;
const underscoreLabel = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const underscoreSubdomain = `${underscoreLabel}(\\.${underscoreLabel})*`;
const dns1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const wildcard = `\\*\\.${subdomain}`;
const labelKey = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const labelValue = `(${labelKey})?`;
const labelKeyText =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

/** How a rule that is a regular expression words its refusal. */
function pattern(regex: string, text: string, ...examples: string[]) {
  const compiled = new RegExp(`^(?:${regex})$`);
  const egs = examples.map((example) => `'${example}', `).join(' or ');
  const message = `${text} (${examples.length === 0 ? '' : `e.g. ${egs}`}regex used for validation is '${regex}')`;
  return { message, matches: (value: string) => compiled.test(value) };
}

const maxCharacters = (length: number) => `must be no more than ${length} characters`;
const maxBytes = (length: number) => `must be no more than ${length} bytes`;
const nonEmpty = 'must be non-empty';

/** `must be between 1 and 65535, inclusive` */
function rangeMessage(low: number, high: number): string {
  return `must be between ${low} and ${high}, inclusive`;
}

const labelPattern = pattern(
  label,
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  'my-name',
  '123-abc',
);
const anyCaseSubdomainPattern = pattern(
  subdomain,
  "an RFC 1123 subdomain must consist of alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  'Example.com',
);
const subdomainPattern = pattern(
  subdomain,
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  'example.com',
);
const underscoreSubdomainPattern = pattern(
  underscoreSubdomain,
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
  'example.com',
);
const dns1035Pattern = pattern(
  dns1035,
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  'my-name',
  'abc-123',
);
const wildcardPattern = pattern(
  wildcard,
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  '*.example.com',
);
const labelKeyPattern = pattern(labelKey, labelKeyText, 'MyName', 'my.name', '123-abc');
const labelValuePattern = pattern(
  labelValue,
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  'MyValue',
  'my_value',
  '12345',
);
const envVarPattern = pattern(
  '[-._a-zA-Z][-._a-zA-Z0-9]*',
  "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
  'my.env-name',
  'MY_ENV.NAME',
  'MyEnvName1',
);
const configKeyPattern = pattern(
  '[-._a-zA-Z0-9]+',
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  'key.name',
  'KEY_NAME',
  'key-name',
);
const headerPattern = pattern(
  '[-A-Za-z0-9]+',
  "a valid HTTP header must consist of alphanumeric characters or '-'",
  'X-Header-Name',
);
const percentPattern = pattern(
  '[0-9]+%',
  "a valid percent string must be a numeric string followed by an ending '%'",
  '1%',
  '93%',
);
const identifierPattern = pattern(
  '[A-Za-z_][A-Za-z0-9_]*',
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
  'my_name',
  'MY_NAME',
  'MyName',
);
const httpPathPattern = pattern("[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+", 'Invalid path');
const conditionReasonPattern = pattern(
  '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?',
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'",
  'my_name',
  'MY_NAME',
  'MyName',
  'ReasonA,ReasonB',
  'ReasonA:ReasonB',
);

type Pattern = ReturnType<typeof pattern>;

/** Beyond this the pattern is not even tried, so that a name of a megabyte costs nothing. */
const longestTried = 10_000;

function check(value: string, rule: Pattern, length: number, tooLong = maxCharacters(length)): readonly string[] {
  if (value.length > longestTried) return [tooLong];
  const problems = byteLength(value) > length ? [tooLong] : [];
  if (!rule.matches(value)) problems.push(rule.message);
  return problems;
}

/** RFC 1123 label, at most 63 characters: namespaces, containers, volumes. */
export const dnsLabel: NameRule = (value) => {
  const problems = check(value, labelPattern, 63);
  const dotted = value.length <= longestTried && value.includes('.') && subdomainPattern.matches(value);
  return dotted ? problems.with(-1, 'must not contain dots') : problems;
};

/** RFC 1123 subdomain, at most 253 characters: the names of most kinds. */
export const dnsSubdomain: NameRule = (value) => check(value, subdomainPattern, 253);

/** The same for names whose case does not count: of CSI drivers. */
export const dnsSubdomainOfAnyCase: NameRule = (value) => check(value, anyCaseSubdomainPattern, 253);

/** A subdomain whose labels may hold underscores: search paths of pods. */
export const dnsSubdomainWithUnderscore: NameRule = (value) => check(value, underscoreSubdomainPattern, 253);

/** RFC 1035 label, starting with a letter: services. */
export const dns1035Label: NameRule = (value) => check(value, dns1035Pattern, 63);

/** `*.example.com` */
export const wildcardDnsSubdomain: NameRule = (value) => check(value, wildcardPattern, 253);

/** Keys of labels, annotations and node conditions: `[prefix/]name`. */
export const qualifiedName: NameRule = (value) => {
  const parts = value.split('/');
  if (parts.length > 2) {
    return [
      `a valid label key ${labelKeyPattern.message} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const problems: string[] = [];
  const [prefix, name = ''] = parts.length === 2 ? parts : [undefined, value];
  if (prefix === '') problems.push(`prefix part ${nonEmpty}`);
  else if (prefix !== undefined) for (const problem of dnsSubdomain(prefix)) problems.push(`prefix part ${problem}`);
  if (name === '') problems.push(`name part ${nonEmpty}`);
  else if (byteLength(name) > 63) problems.push(`name part ${maxBytes(63)}`);
  if (!labelKeyPattern.matches(name)) problems.push(`name part ${labelKeyPattern.message}`);
  return problems;
};

/** Values of labels. */
export const labelValueRule: NameRule = (value) => check(value, labelValuePattern, 63, maxBytes(63));

export const cIdentifier: NameRule = (value) => (identifierPattern.matches(value) ? [] : [identifierPattern.message]);

export const httpHeaderName: NameRule = (value) => (headerPattern.matches(value) ? [] : [headerPattern.message]);

export const httpPath: NameRule = (value) => (httpPathPattern.matches(value) ? [] : [httpPathPattern.message]);

export const percentString: NameRule = (value) => (percentPattern.matches(value) ? [] : [percentPattern.message]);

export const conditionReason: NameRule = (value) =>
  conditionReasonPattern.matches(value) ? [] : [conditionReasonPattern.message];

/** Names of environment variables, as strict as they were before 1.34. */
export const envVarName: NameRule = (value) => [
  ...(envVarPattern.matches(value) ? [] : [envVarPattern.message]),
  ...notParentFolder(value),
];

/** Names of environment variables: any printable ASCII but `=` (KEP-4369). */
export const relaxedEnvVarName: NameRule = (value) => {
  if (value === '') return [`environment variable name ${nonEmpty}`];
  return /^[ -<>-~]*$/.test(value)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
};

/** Keys of ConfigMaps and Secrets, which become file names. */
export const configMapKey: NameRule = (value) => [...check(value, configKeyPattern, 253), ...notParentFolder(value)];

/** Names of ports of containers and services (RFC 6335, lower case). */
export const portName: NameRule = (value) => {
  const problems: string[] = [];
  if (byteLength(value) > 15) problems.push(maxCharacters(15));
  if (!/^[-a-z0-9]+$/.test(value))
    problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(value)) problems.push('must contain at least one letter (a-z)');
  if (value.includes('--')) problems.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) problems.push('must not begin or end with a hyphen');
  return problems;
};

export function portNumber(port: number): readonly string[] {
  return inRange(port, 1, 65535);
}

/** User and group numbers. */
export function userId(id: number): readonly string[] {
  return inRange(id, 0, 2147483647);
}

export function inRange(value: number, low: number, high: number): readonly string[] {
  return value >= low && value <= high ? [] : [rangeMessage(low, high)];
}

/** Names that stand in a path of the API, where nothing stricter applies: roles, bindings. */
export const pathSegmentName: NameValidator = (name, prefix) => {
  if (!prefix && (name === '.' || name === '..')) return [`may not be '${name}'`];
  return ['/', '%'].filter((text) => name.includes(text)).map((text) => `may not contain '${text}'`);
};

function notParentFolder(value: string): readonly string[] {
  if (value === '.' || value === '..') return [`must not be '${value}'`];
  return value.startsWith('..') ? ["must not start with '..'"] : [];
}

/** Turns a rule into the validator of a kind: the dash at the end of a generateName is no fault. */
function nameValidator(rule: NameRule): NameValidator {
  return (name, prefix) => rule(prefix ? maskTrailingDash(name) : name);
}

/** Names of most kinds. */
export const nameIsDnsSubdomain: NameValidator = nameValidator(dnsSubdomain);
/** Names of namespaces and of what becomes a DNS label. */
export const nameIsDnsLabel: NameValidator = nameValidator(dnsLabel);

/** Kubernetes replaces the last two characters, so that a prefix of two is judged by neither of them. */
function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name;
}
