export { type JwtOptions, jwt } from "./jwt.js";
export type { KeySetOptions } from "./key-set-url.js";
