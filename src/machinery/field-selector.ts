import { badRequest } from './status-errors.ts';

export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** A compiled field selector: all requirements must hold. */
export class FieldSelector {
  readonly requirements: readonly FieldRequirement[];

  constructor(requirements: readonly FieldRequirement[]) {
    this.requirements = requirements;
  }

  get everything(): boolean {
    return this.requirements.length === 0;
  }

  /** `read` answers the value of a field label; a field that is not there reads as empty. */
  matches(read: (field: string) => string | undefined): boolean {
    for (const { field, operator, value } of this.requirements)
      if (((read(field) ?? '') === value) !== (operator === '=')) return false;
    return true;
  }

  /** The value that a field must have, if the selector says so: for indexes. */
  exactValue(field: string): string | undefined {
    return this.requirements.find((each) => each.field === field && each.operator === '=')?.value;
  }

  toString(): string {
    return this.requirements.map(({ field, operator, value }) => `${field}${operator}${escapeValue(value)}`).join(',');
  }
}

const everyField = new FieldSelector([]);

/** Field selectors come in a query; nobody writes one this long. */
const longestSelector = 64 * 1024;

/**
 * Compiles `metadata.name=a,status.phase!=Running`; `\\`, `\,` and `\=` escape in values.
 * Throws a bad request with Kubernetes' message. Which fields there are is for the kind to say.
 */
export function parseFieldSelector(text: string): FieldSelector {
  if (text === '') return everyField;
  if (text.length > longestSelector) throw badRequest(`field selector is longer than ${longestSelector} characters`);
  const requirements: FieldRequirement[] = [];
  for (const term of splitTerms(text)) {
    if (term === '') continue;
    const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
    if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, field = '', operator, value = ''] = match;
    requirements.push({ field, operator: operator === '!=' ? '!=' : '=', value: unescapeValue(value) });
  }
  return new FieldSelector(requirements);
}

/** At every comma that is not escaped. */
function splitTerms(text: string): readonly string[] {
  return text.match(/(?:\\[\s\S]?|[^\\,])+/g) ?? [];
}

function unescapeValue(value: string): string {
  if (!/[\\,=]/.test(value)) return value;
  return value.replaceAll(/\\([\s\S]?)|[,=]/g, (sequence, escaped: string | undefined) => {
    if (escaped === undefined)
      throw badRequest(`invalid field selector: unescaped character in value: ${sequence.charCodeAt(0)}`);
    if (escaped !== '\\' && escaped !== ',' && escaped !== '=')
      throw badRequest(`invalid field selector: invalid escape sequence: ${sequence}`);
    return escaped;
  });
}

/** A value as it may stand in a field selector. */
export function escapeValue(value: string): string {
  return value.replaceAll(/[\\,=]/g, '\\$&');
}
