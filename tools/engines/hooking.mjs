import { register } from "node:module";

/**
 * From now on one module of an engine is given another one where it asks for its client library.
 * @param {string} library as it is imported
 * @param {string} importer how the module's address ends
 * @param {string} instead address of the one it is given
 */
export function giveInstead(library, importer, instead) {
  const hooks = `
export async function resolve(specifier, context, next) {
  const isMeant = specifier === ${JSON.stringify(library)};
  if (!isMeant || !context.parentURL?.endsWith(${JSON.stringify(importer)})) return next(specifier, context);
  return { url: ${JSON.stringify(instead)}, shortCircuit: true };
}`;
  register(`data:text/javascript,${encodeURIComponent(hooks)}`);
}
