export { describeSchema, type SchemaNode } from "../describe-schema.js";
export { type ParsedUp, parseUp, type UpFault, type UpLimits } from "../up-parser.js";
export { DownMessage, downSchemas } from "./down.js";
export * as fields from "./fields.js";
export { UpMessage, upSchemas } from "./up.js";
