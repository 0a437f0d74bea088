/**
 * TypeScript source with its comments, and if wanted its strings, blanked out by spaces: what the
 * checks search, so that they judge code and never prose. Lines and columns stay where they were.
 *
 * A scanner of the language's lexical rules rather than a parser: it only has to know where
 * comments, strings, templates and regular expressions begin and end.
 */

/** A regular expression may begin after one of these; after anything else `/` divides. */
const beforeRegExp =
  /(?:^|[=([{,;:!&|?+\-*%<>~^}\n]|\b(?:return|typeof|case|in|of|void|delete|throw|new|await|yield|else|do))\s*$/;

/**
 * @param {string} source
 * @param {{ keepStrings?: boolean }} [options]
 * @returns {string} as long as `source`
 */
export function blank(source, { keepStrings = false } = {}) {
  const out = [...source].length === source.length ? source.split("") : Array.from(source, String);
  const text = out.join("");
  const wipe = (/** @type {number} */ from, /** @type {number} */ to) => {
    for (let i = from; i < to && i < out.length; i++) if (out[i] !== "\n") out[i] = " ";
  };
  /** Depths of `{` at which a template's `${` was opened. @type {number[]} */
  const templates = [];
  let depth = 0;
  let at = 0;
  while (at < text.length) {
    const here = text[at];
    const two = text.slice(at, at + 2);
    let end = at + 1;
    if (two === "//") {
      end = indexOrEnd(text, "\n", at);
      wipe(at, end);
    } else if (two === "/*") {
      end = indexOrEnd(text, "*/", at + 2) + 2;
      wipe(at, end);
    } else if (here === '"' || here === "'") {
      end = endOfQuoted(text, at);
      if (!keepStrings) wipe(at + 1, end - 1);
    } else if (here === "`" || (here === "}" && templates.at(-1) === depth)) {
      if (here === "}") templates.pop();
      const part = endOfTemplatePart(text, at + 1);
      end = part.end;
      if (part.opens) templates.push(depth);
      if (!keepStrings) wipe(at + 1, end - (part.opens ? 2 : 1));
    } else if (here === "/" && beforeRegExp.test(out.slice(Math.max(0, at - 40), at).join(""))) {
      end = endOfRegExp(text, at);
      if (!keepStrings) wipe(at + 1, end - 1);
    } else if (here === "{") {
      depth += 1;
    } else if (here === "}") {
      depth -= 1;
    }
    at = end;
  }
  return out.join("");
}

/** @param {string} text @param {string} what @param {number} from */
function indexOrEnd(text, what, from) {
  const found = text.indexOf(what, from);
  return found === -1 ? text.length : found;
}

/** @param {string} text @param {number} start of the opening quote */
function endOfQuoted(text, start) {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === "\\") i += 1;
    else if (text[i] === text[start] || text[i] === "\n") return i + 1;
  }
  return text.length;
}

/**
 * @param {string} text
 * @param {number} start just after the backtick or the closing brace
 * @returns {{ end: number, opens: boolean }} `opens`: it ended with `${`
 */
function endOfTemplatePart(text, start) {
  for (let i = start; i < text.length; i++) {
    if (text[i] === "\\") i += 1;
    else if (text[i] === "`") return { end: i + 1, opens: false };
    else if (text[i] === "$" && text[i + 1] === "{") return { end: i + 2, opens: true };
  }
  return { end: text.length, opens: false };
}

/** @param {string} text @param {number} start of the opening slash */
function endOfRegExp(text, start) {
  let inClass = false;
  for (let i = start + 1; i < text.length; i++) {
    const here = text[i];
    if (here === "\\") i += 1;
    else if (here === "[") inClass = true;
    else if (here === "]") inClass = false;
    else if (here === "\n" || (here === "/" && !inClass)) return i + 1;
  }
  return text.length;
}

/** @typedef {{ specifier: string, typeOnly: boolean, line: number }} Import */

/**
 * Every module a file names: import, export … from, and import() with a literal.
 * @param {string} source
 * @returns {Import[]}
 */
export function importsOf(source) {
  const code = blank(source, { keepStrings: true });
  const shape = blank(source);
  const pattern =
    /\b(?:import|export)\b(?<clause>[^;"'`()=]*?)\bfrom\s*(?<q1>["'])(?<from>[^"'\n]+)\k<q1>|\bimport\s*\(?\s*(?<q2>["'])(?<bare>[^"'\n]+)\k<q2>/g;
  const found = [];
  for (const match of code.matchAll(pattern)) {
    // The same place is blank in `shape` when the words stood inside a string.
    if (!/^(?:import|export)/.test(shape.slice(match.index))) continue;
    found.push({
      specifier: match.groups?.from ?? match.groups?.bare ?? "",
      typeOnly: /^\s*type\b/.test(match.groups?.clause ?? ""),
      line: lineAt(source, match.index),
    });
  }
  return found;
}

/**
 * The line of an index, counted from 1.
 * @param {string} text
 * @param {number} index
 */
export function lineAt(text, index) {
  return text.slice(0, index).split("\n").length;
}
