/**
 * `https://*.example.com`, `https://*.example.com:8443`: any depth of subdomains, never the domain
 * itself. At least two labels follow the star, so that no pattern covers a whole top-level domain.
 */
const SUBDOMAINS = /^(https?:\/\/)\*(\.[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d{1,5})?)$/;
const SUBDOMAIN_LABELS = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/;

/** What is wrong with one of the option `origins`; undefined: nothing. */
export function complaintAboutOrigin(origin: string): string | undefined {
  if (origin === "*" || SUBDOMAINS.test(origin)) return undefined;
  // URL takes a star for a character of a host name.
  const exact = !origin.includes("*") && /^https?:/.test(origin) && URL.canParse(origin);
  if (exact && new URL(origin).origin === origin) return undefined;
  return 'must be an origin such as "https://app.example", "https://*.app.example" or "*"';
}

/**
 * true when a page of `origin` may connect (RFC 6454): one of the list (exact, a pattern of
 * subdomains, or `*`: every page), or one of the same host. Clients that send no Origin are no
 * browsers, so no page can misuse their cookies. `secure`: the connection is TLS that ends here, so a
 * page of the same origin came by `https:`; behind a proxy nobody here can tell.
 */
export function originAllowed(
  origin: string | undefined,
  host: string | undefined,
  origins: readonly string[],
  secure = false,
): boolean {
  if (origin === undefined || origins.includes("*") || origins.includes(origin)) return true;
  if (origins.some((pattern) => isSubdomain(origin, pattern))) return true;
  if (host === undefined || !URL.canParse(origin)) return false;
  const { protocol, host: originHost } = new URL(origin);
  // A page that came in the clear may be anybody's between here and its visitor.
  if (secure && protocol !== "https:") return false;
  // URL drops default ports. An opaque origin ("null") or file: has no host and matches nothing.
  const defaultPort = protocol === "https:" ? /:443$/ : /:80$/;
  return originHost !== "" && originHost === host.toLowerCase().replace(defaultPort, "");
}

/** The origin is compared as a browser serializes it: lower case, without a default port. */
function isSubdomain(origin: string, pattern: string): boolean {
  const [, scheme, domain] = SUBDOMAINS.exec(pattern) ?? [];
  if (scheme === undefined || domain === undefined) return false;
  if (!origin.startsWith(scheme) || !origin.endsWith(domain)) return false;
  const labels = origin.slice(scheme.length, origin.length - domain.length);
  return labels.length <= 253 && SUBDOMAIN_LABELS.test(labels);
}
