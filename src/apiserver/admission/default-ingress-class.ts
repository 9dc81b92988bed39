import type { Informer } from '../../client/informer.ts';
import { newest } from '../../machinery/newest.ts';
import type { Draft } from '../../machinery/object.ts';
import { ingressClassAnnotation } from '../../resources/networking/ingress.ts';
import { isDefaultIngressClass } from '../../resources/networking/ingress-class.ts';
import type { Ingress, IngressClass } from '../../resources/schema/networking-v1.generated.ts';
import { ingresses } from '../../resources/schema/resource-types.generated.ts';
import { appliesTo } from './applies-to.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';

/** Gives Ingresses that name no class, neither way, the default one, the newest where there are several. */
export function defaultIngressClass(classes: Informer<IngressClass>): AdmissionPlugin {
  return {
    name: 'DefaultIngressClass',
    admit(attributes: AdmissionAttributes): void {
      if (attributes.operation !== 'CREATE' || !appliesTo(attributes, ingresses)) return;
      const ingress = attributes.object as Draft<Ingress>;
      if (ingress.spec === undefined || ingress.spec.ingressClassName !== undefined) return;
      if (ingress.metadata.annotations?.[ingressClassAnnotation] !== undefined) return;
      const first = newest([...classes.list()].filter(isDefaultIngressClass));
      if (first !== undefined) ingress.spec.ingressClassName = first.metadata.name ?? '';
    },
  };
}
