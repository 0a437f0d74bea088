/** The protocol's version, as subprotocol names carry it. */
export const protocolVersion = 1;

/**
 * SHA-256 over the canonical JSON of `upSchemas` and `downSchemas`. A test compares it, so that no
 * change of the wire goes by unnoticed.
 */
export const wireSchemaSha256 = "7ab81d438cc041ae81e6a60433df639e5e6eda68d626c5d75007adef8420a33c";
