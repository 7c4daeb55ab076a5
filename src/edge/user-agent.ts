/** The User-Agent of our requests. Some servers, and Cloudflare's browser integrity check, refuse requests without one. */
export const USER_AGENT = "ssiu-edge";
