/** The protocol's version, as subprotocol names carry it. */
export const protocolVersion = 1;

/**
 * SHA-256 over the canonical JSON of `upSchemas` and `downSchemas`. A test compares it, so that no
 * change of the wire goes by unnoticed.
 */
export const wireSchemaSha256 = "f21b75912e94aeb7f66191f0acb943ad3088a54d3a5bbd0abac684ec7a42fbb3";
