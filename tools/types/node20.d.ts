// Globals that the types of Node declare and Node 20 does not have. Declared here first, as
// undefined, so that their use does not compile; platform files look them up on globalThis.
declare var WebSocket: undefined;
declare var EventSource: undefined;
