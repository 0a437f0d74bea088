/**
 * `charCodeAt`, to be called on a text for each of its characters. Looked for on the text it would be looked
 * for anew each time, which costs several times as much as the rest: a call site remembers four kinds of
 * object, and texts are kept in more.
 */
export const unitAt = String.prototype.charCodeAt;
