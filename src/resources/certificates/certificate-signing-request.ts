import { pathSegmentName } from '../../machinery/names.ts';
import type { Draft } from '../../machinery/object.ts';
import { ageSince, formatTime, humanDuration } from '../../machinery/time.ts';
import { define } from '../define.ts';
import type {
  CertificateSigningRequest,
  CertificateSigningRequestCondition,
  CertificateSigningRequestSpec,
} from '../schema/certificates-v1.generated.ts';
import { certificateSigningRequests } from '../schema/resource-types.generated.ts';
import { shared } from '../shared.ts';
import { validateRequest, validateRequestUpdate } from './validate-signing-request.ts';

type Conditions = readonly CertificateSigningRequestCondition[];

/** Approved and Denied are for approvers alone, by the view `approval`; certificate and Failed for signers, by `status`. */
const approvalConditions = ['Approved', 'Denied'];

export const certificateSigningRequestDefinition = define<CertificateSigningRequest>(certificateSigningRequests, {
  storage: { keyPrefix: '/registry/certificatesigningrequests/' },
  setDefaults(request) {
    request.spec ??= {} as Draft<CertificateSigningRequestSpec>;
    request.status ??= {};
  },
  validateName: pathSegmentName,
  prepareForCreate(request, { user }) {
    const { username: _, uid: __, groups: ___, extra: ____, ...asked } = request.spec;
    request.spec = {
      ...asked,
      ...(user.username !== '' && { username: user.username }),
      ...(user.uid !== undefined && { uid: user.uid }),
      ...(user.groups.length > 0 && { groups: [...user.groups] }),
      ...(Object.keys(user.extra).length > 0 && {
        extra: Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]])),
      }),
    };
    request.status = {};
  },
  prepareForUpdate(request, old) {
    request.spec = shared(old.spec);
    request.status = shared(old.status ?? {});
  },
  keeps: { 'f:spec': {}, 'f:status': {} },
  validate: (request, errors) => validateRequest(request, undefined, errors),
  validateUpdate: (request, old, errors) => validateRequestUpdate(request, old, {}, errors),
  status: {
    keeps: { 'f:status': { 'f:conditions': {} } },
    prepareForUpdate(request, old, { now }) {
      request.spec = shared(old.spec);
      const status = { ...request.status };
      for (const type of approvalConditions) keepConditions(status, old, type);
      setTimes(status, old, now);
      request.status = status;
    },
    validateUpdate: (request, old, errors) => validateRequestUpdate(request, old, { certificate: true }, errors),
  },
  views: {
    approval: {
      keeps: { 'f:spec': {}, 'f:status': { 'f:certificate': {} } },
      prepareForUpdate(request, old, { now }) {
        const status = { ...request.status };
        setTimes(status, old, now);
        request.spec = shared(old.spec);
        const { conditions: _, ...kept } = old.status ?? {};
        request.status = { ...shared(kept), ...(status.conditions !== undefined && { conditions: status.conditions }) };
      },
      validateUpdate: (request, old, errors) => validateRequestUpdate(request, old, { approval: true }, errors),
    },
  },
  row: ({ metadata, spec, status }, now) => [
    metadata.name ?? '',
    ageSince(metadata.creationTimestamp, now),
    spec.signerName || '<none>',
    spec.username ?? '',
    spec.expirationSeconds === undefined ? '<none>' : humanDuration(spec.expirationSeconds * 1000),
    stateOf(status?.conditions ?? [], status?.certificate ?? ''),
  ],
});

type Status = Draft<NonNullable<CertificateSigningRequest['status']>>;

/** Puts the old conditions of this type where the new ones are, unless there are more or fewer of them, which validation refuses. */
function keepConditions(status: Status, old: CertificateSigningRequest, type: string): void {
  const before = (old.status?.conditions ?? []).filter((each) => each.type === type);
  const conditions = status.conditions ?? [];
  if (conditions.filter((each) => each.type === type).length !== before.length || before.length === 0) return;
  let next = 0;
  status.conditions = conditions.map((each) => (each.type === type ? shared(before[next++] ?? each) : each));
}

/** Enters the times that are missing: a condition that was there with the same status keeps the time since when it holds. */
function setTimes(status: Status, old: CertificateSigningRequest, now: number): void {
  if (status.conditions === undefined) return;
  const time = formatTime(now);
  status.conditions = status.conditions.map((condition) => {
    const before = old.status?.conditions?.find(
      (each) =>
        each.type === condition.type && each.status === condition.status && (each.lastTransitionTime ?? null) !== null,
    );
    return {
      ...condition,
      lastUpdateTime: condition.lastUpdateTime ?? time,
      lastTransitionTime: condition.lastTransitionTime ?? before?.lastTransitionTime ?? time,
    };
  });
}

function stateOf(conditions: Conditions, certificate: string): string {
  const has = (type: string) => conditions.some((each) => each.type === type);
  const decision = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending';
  return `${decision}${has('Failed') ? ',Failed' : ''}${certificate === '' ? '' : ',Issued'}`;
}
