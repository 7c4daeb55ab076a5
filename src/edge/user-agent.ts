/** Our name in requests. Some servers, and Cloudflare's browser integrity check, refuse requests without a User-Agent. */
export const USER_AGENT = "ssiu-edge";
