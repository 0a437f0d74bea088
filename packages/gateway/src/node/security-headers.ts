/**
 * What browsers are told with every answer: nothing is guessed to be another type, shown inside
 * another page, or told to another site in `Referer`.
 */
const commonHeaders = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  // For browsers that do not know `frame-ancestors` (Content Security Policy Level 2).
  "x-frame-options": "DENY",
} as const;

/** Of answers that are data: whoever opens one as a page runs nothing of it. */
export const dataHeaders = {
  ...commonHeaders,
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
} as const;

/**
 * Of pages and what they are made of: scripts, styles and connections of this gateway and no
 * others, nothing written into the page itself (Content Security Policy Level 3).
 */
export const pageHeaders = {
  ...commonHeaders,
  "content-security-policy": [
    "default-src 'self'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; "),
  // A page that this one opens, or that opened it, gets no hold of it.
  "cross-origin-opener-policy": "same-origin",
} as const;
