/** The protocol's version, as subprotocol names carry it. */
export const protocolVersion = 1;

/**
 * SHA-256 over the canonical JSON of `upSchemas` and `downSchemas`. A test compares it, so that no
 * change of the wire goes by unnoticed.
 */
export const wireSchemaSha256 = "a70fdea43cf1be27a78ce43c6f766748c981964e5e8b314d4166523108c5789d";
