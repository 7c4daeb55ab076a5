/** What we call ourselves before other servers. Some, and Cloudflare's browser integrity check, refuse who has no name. */
export const USER_AGENT = "ssiu-edge";
