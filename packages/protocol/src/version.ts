/** The protocol's version, as subprotocol names carry it. */
export const protocolVersion = 1;

/**
 * SHA-256 over the canonical JSON of `upSchemas` and `downSchemas`. A test compares it, so that no
 * change of the wire goes by unnoticed.
 */
export const wireSchemaSha256 = "9ccd25b90872a3fc4b2be6b14e3bed9f2624f29f94522a5d21a0c64ea829fd55";
