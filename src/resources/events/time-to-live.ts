/** How long an event lives: the default of the API server's `--event-ttl`. */
export const eventTimeToLiveSeconds = 3600;
