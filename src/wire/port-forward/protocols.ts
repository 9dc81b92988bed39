/** The protocol that forwards ports over the streams of SPDY/3.1. */
export const portForwardProtocol = 'portforward.k8s.io';

/** The same within a WebSocket (KEP-4006). */
export const tunnelledPortForward = `SPDY/3.1+${portForwardProtocol}`;
