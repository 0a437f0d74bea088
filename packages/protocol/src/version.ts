/** The protocol's version, as subprotocol names carry it. */
export const protocolVersion = 1;

/**
 * SHA-256 over the canonical JSON of `upSchemas` and `downSchemas`. A test compares it, so that no
 * change of the wire goes by unnoticed.
 */
export const wireSchemaSha256 = "33ab21254b9506fcd74881aee4b90092e97cd194e61fecc1483e874fe46cf5ac";
