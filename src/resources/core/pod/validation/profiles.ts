import type { FieldError } from '../../../../machinery/field-error.ts';
import { invalid, notSupported, required, tooLong } from '../../../../machinery/field-errors.ts';
import { dnsSubdomain } from '../../../../machinery/names.ts';
import type {
  AppArmorProfile,
  SeccompProfile,
  WindowsSecurityContextOptions,
} from '../../../schema/core-v1.generated.ts';
import { applyRule } from '../../../validation/apply-rule.ts';
import { goValue } from '../../../validation/go-value.ts';
import { validateDescendingPath } from './paths.ts';

const profileTypes: ReadonlySet<string> = new Set(['Localhost', 'RuntimeDefault', 'Unconfined']);
const maxProfilePath = 4095;
const maxCredentialSpecBytes = 64 * 1024;
const maxDomainCharacters = 256;
const maxUserCharacters = 104;

export function validateSeccompProfile(profile: SeccompProfile, path: string, errors: FieldError[]): void {
  const { type, localhostProfile } = profile;
  if (!type) errors.push(required(`${path}.type`, 'type is required when seccompProfile is set'));
  else if (!profileTypes.has(type)) errors.push(notSupported(`${path}.type`, type, profileTypes));
  const place = `${path}.localhostProfile`;
  if (type === 'Localhost') {
    if (localhostProfile === undefined) errors.push(required(place, 'must be set when seccomp type is Localhost'));
    else validateDescendingPath(localhostProfile, place, errors);
  } else if (localhostProfile !== undefined) {
    const shown = goValue(profile, 'core.v1.SeccompProfile');
    errors.push(invalid(place, shown, 'can only be set when seccomp type is Localhost'));
  }
}

export function validateAppArmorProfile(profile: AppArmorProfile, path: string, errors: FieldError[]): void {
  const { type, localhostProfile } = profile;
  const place = `${path}.localhostProfile`;
  if (!type) errors.push(required(`${path}.type`, 'type is required when appArmorProfile is set'));
  else if (type === 'Localhost') validateLocalProfile(localhostProfile, place, errors);
  else if (!profileTypes.has(type)) errors.push(notSupported(`${path}.type`, type, profileTypes));
  else if (localhostProfile !== undefined)
    errors.push(invalid(place, localhostProfile, 'can only be set when AppArmor type is Localhost'));
}

function validateLocalProfile(profile: string | undefined, path: string, errors: FieldError[]): void {
  if (profile === undefined) errors.push(required(path, 'must be set when AppArmor type is Localhost'));
  else if (profile.trim() !== profile) errors.push(invalid(path, profile, 'must not be padded with whitespace'));
  else if (profile.trim() === '') errors.push(required(path, 'must be set when AppArmor type is Localhost'));
  else if (profile.length > maxProfilePath) errors.push(tooLong(path, maxProfilePath));
}

export function validateWindowsOptions(
  options: WindowsSecurityContextOptions,
  path: string,
  errors: FieldError[],
): void {
  const { gmsaCredentialSpecName, gmsaCredentialSpec, runAsUserName } = options;
  if (gmsaCredentialSpecName !== undefined)
    applyRule(dnsSubdomain, gmsaCredentialSpecName, `${path}.gmsaCredentialSpecName`, errors);
  if (gmsaCredentialSpec !== undefined) {
    const place = `${path}.gmsaCredentialSpec`;
    if (gmsaCredentialSpec === '')
      errors.push(invalid(place, gmsaCredentialSpec, 'gmsaCredentialSpec cannot be an empty string'));
    else if (gmsaCredentialSpec.length > maxCredentialSpecBytes) {
      const detail = `gmsaCredentialSpec size must be under ${maxCredentialSpecBytes / 1024} KiB`;
      errors.push(invalid(place, gmsaCredentialSpec, detail));
    }
  }
  if (runAsUserName !== undefined) validateWindowsUser(runAsUserName, `${path}.runAsUserName`, errors);
}

/** `DOMAIN\user` or `user`, as Windows allows them. */
function validateWindowsUser(name: string, path: string, errors: FieldError[]): void {
  const refuse = (detail: string) => errors.push(invalid(path, name, detail));
  if (name === '') refuse('runAsUserName cannot be an empty string');
  else if (/[\p{Cc}]/u.test(name)) refuse('runAsUserName cannot contain control characters');
  else {
    const parts = name.split('\\');
    if (parts.length > 2) {
      refuse('runAsUserName cannot contain more than one backslash');
      return;
    }
    if (parts.length === 2) validateWindowsDomain(parts[0] ?? '', refuse);
    const user = parts.at(-1) ?? '';
    if (user === '') refuse("runAsUserName's User cannot be empty");
    else if (user.length > maxUserCharacters)
      refuse(`runAsUserName's User length must not be longer than ${maxUserCharacters} characters`);
    if (/^[. ]+$/.test(user)) refuse("runAsUserName's User cannot contain only periods or spaces");
    if (/["/\\:;|=,+*?<>@[\]]/.test(user))
      refuse(`runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`);
  }
}

function validateWindowsDomain(domain: string, refuse: (detail: string) => void): void {
  const label = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
  const dns = /^(?:[A-Za-z0-9][-A-Za-z0-9]{0,62}\.)*[A-Za-z0-9][-A-Za-z0-9]{0,62}$/;
  if (domain.length > maxDomainCharacters)
    refuse(`runAsUserName's Domain length must be under ${maxDomainCharacters} characters`);
  if (!label.test(domain) && !dns.test(domain))
    refuse("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
}
