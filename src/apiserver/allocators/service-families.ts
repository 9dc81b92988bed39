import type { FieldError } from '../../machinery/field-error.ts';
import { invalid } from '../../machinery/field-errors.ts';
import type { Draft } from '../../machinery/object.ts';
import type { Service, ServiceSpec } from '../../resources/schema/core-v1.generated.ts';
import { familyOf, type IPFamily } from './address-range.ts';
import { clusterIPErrors } from './cluster-ips-validation.ts';
import { hasSelector, isHeadless, type Spec, sameList, specOf, typeOf } from './service-spec.ts';

const policyField = 'spec.ipFamilyPolicy';

/**
 * Decides the address families of a service: what it asks for, else the first of `configured`, else both where it wants both.
 * Answers what is wrong; the spec is then not to be used.
 */
export function initFamilies(
  spec: Draft<ServiceSpec>,
  old: Service | undefined,
  configured: readonly IPFamily[],
): readonly FieldError[] {
  const before = old === undefined ? undefined : specOf(old);
  if (typeOf(spec) === 'ExternalName' || keepsDualStack(spec, before)) return [];
  spec.ipFamilyPolicy ??= before?.ipFamilyPolicy ?? defaultPolicy(spec);
  const structural = clusterIPErrors(spec);
  if (structural.length > 0) return structural;
  const errors = [
    ...(before === undefined ? [] : reductionErrors(spec, before)),
    ...singleStackErrors(spec),
    ...inferFamilies(spec, configured),
  ];
  if (errors.length > 0) return errors;
  if (isHeadless(spec) && !hasSelector(spec)) {
    // Its endpoints are somebody else's to make, of whatever family: the cluster's own do not bound it.
    addFamilies(spec, configured, true);
    return [];
  }
  const unserved = unservedErrors(spec, configured);
  if (unserved.length === 0) addFamilies(spec, configured, configured.length > 1);
  return unserved;
}

/** A service that took what there was is not changed by a cluster that has become dual-stack, or no longer is. */
export function keepsDualStack(spec: Spec, before: Spec | undefined): boolean {
  return (
    before !== undefined &&
    typeOf(spec) !== 'ExternalName' &&
    typeOf(spec) === typeOf(before) &&
    spec.ipFamilyPolicy === 'PreferDualStack' &&
    (before.ipFamilyPolicy ?? 'PreferDualStack') === 'PreferDualStack' &&
    sameList(spec.clusterIPs, before.clusterIPs) &&
    sameList(spec.ipFamilies, before.ipFamilies)
  );
}

function defaultPolicy(spec: Spec): string {
  return isHeadless(spec) && !hasSelector(spec) ? 'RequireDualStack' : 'SingleStack';
}

/** Giving up the second family takes saying so; then what is over is dropped here. */
function reductionErrors(spec: Draft<ServiceSpec>, before: Spec): readonly FieldError[] {
  const addresses = spec.clusterIPs ?? [];
  const families = spec.ipFamilies ?? [];
  if (spec.ipFamilyPolicy === 'SingleStack') {
    if (sameList(addresses, before.clusterIPs) && addresses.length > 1) spec.clusterIPs = addresses.slice(0, 1);
    if (sameList(families, before.ipFamilies) && families.length > 1) spec.ipFamilies = families.slice(0, 1);
    return [];
  }
  const reduced = (now: readonly string[], then: readonly string[] = []) => now.length > 0 && now.length < then.length;
  const errors: FieldError[] = [];
  if (reduced(addresses, before.clusterIPs)) {
    errors.push(invalid(policyField, spec.ipFamilyPolicy, "must be 'SingleStack' to release the secondary cluster IP"));
  }
  if (reduced(families, before.ipFamilies)) {
    errors.push(invalid(policyField, spec.ipFamilyPolicy, "must be 'SingleStack' to release the secondary IP family"));
  }
  return errors;
}

function singleStackErrors(spec: Spec): readonly FieldError[] {
  if (spec.ipFamilyPolicy !== 'SingleStack') return [];
  const head = "must be 'RequireDualStack' or 'PreferDualStack' when multiple";
  const errors: FieldError[] = [];
  if (spec.clusterIPs?.length === 2) {
    errors.push(invalid(policyField, spec.ipFamilyPolicy, `${head} cluster IPs are specified`));
  }
  if (spec.ipFamilies?.length === 2) {
    errors.push(invalid(policyField, spec.ipFamilyPolicy, `${head} IP families are specified`));
  }
  return errors;
}

/** An address that is asked for says its family itself. */
function inferFamilies(spec: Draft<ServiceSpec>, configured: readonly IPFamily[]): readonly FieldError[] {
  const addresses = spec.clusterIPs ?? [];
  if (isHeadless(spec)) return [];
  const errors: FieldError[] = [];
  const families = [...(spec.ipFamilies ?? [])];
  for (const [index, address] of addresses.entries()) {
    if (index < families.length) continue;
    const family = familyOf(address);
    if (configured.includes(family)) families.push(family);
    else errors.push(invalid(`spec.clusterIPs[${index}]`, addresses, `${family} is not configured on this cluster`));
  }
  if (families.length > 0) spec.ipFamilies = families;
  return errors;
}

function unservedErrors(spec: Spec, configured: readonly IPFamily[]): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (spec.ipFamilyPolicy === 'RequireDualStack' && configured.length < 2) {
    const why = 'this cluster is not configured for dual-stack services';
    errors.push(invalid(policyField, spec.ipFamilyPolicy, why));
  }
  for (const [index, family] of (spec.ipFamilies ?? []).entries()) {
    if (!configured.some((each) => each === family)) {
      errors.push(invalid(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'));
    }
  }
  return errors;
}

function addFamilies(spec: Draft<ServiceSpec>, configured: readonly IPFamily[], bothPossible: boolean): void {
  const families = spec.ipFamilies?.length ? spec.ipFamilies : [configured[0] ?? 'IPv4'];
  if (families.length === 1 && bothPossible && spec.ipFamilyPolicy !== 'SingleStack') {
    families.push(families[0] === 'IPv4' ? 'IPv6' : 'IPv4');
  }
  spec.ipFamilies = families;
}
