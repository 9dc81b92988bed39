/** The version of this program; the API says which Kubernetes it follows. */
export const version = '0.1.0';

/** The release of Kubernetes whose API this is. */
export const serverVersion = 'v1.37.1';
