import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { ServiceError } from "./errors.ts";

/** Keys for Standard Webhooks: all sign, and each verifies, so that one can be replaced while in use. */
export type WebhookKeys = readonly Webhook[];

/** A message for a receiver. */
export interface WebhookMessage {
  /** The same for every attempt to deliver it. */
  readonly id: string;
  /** JSON, the same to the byte for every attempt. */
  readonly body: string;
}

const SECRET = /^whsec_[A-Za-z0-9+/]{32,86}={0,2}$/;

/**
 * Reads `whsec_<base64>[,whsec_<base64>…]`, each of 24 to 64 bytes.
 *
 * @param name - where the text comes from, for error messages.
 * @throws {TypeError} that says which key is wrong, never with the secret in it.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (2026-11-24)
 */
export function parseWebhookKeys(text: string, name: string): WebhookKeys {
  return text.split(",").map((entry, i) => {
    const secret = entry.trim();
    if (!SECRET.test(secret))
      throw new TypeError(`Expected whsec_ and 24 to 64 bytes in base64 for key ${i + 1} of ${name}`);
    return new Webhook(secret);
  });
}

/** The headers of one attempt: a signature of each key, separated by spaces. */
export function webhookHeaders(keys: WebhookKeys, { id, body }: WebhookMessage, sentAtMs: number) {
  return {
    "webhook-id": id,
    "webhook-timestamp": `${Math.floor(sentAtMs / 1000)}`,
    "webhook-signature": keys.map((key) => key.sign(id, new Date(sentAtMs), body)).join(" "),
  };
}

/**
 * The id of a message that one of the keys signed within five minutes of now. The library reads the clock.
 *
 * @throws {ServiceError} `signature_invalid`
 */
export function verifyWebhook(keys: WebhookKeys, headers: Headers, body: string): string {
  const named = Object.fromEntries(headers);
  for (const key of keys) {
    try {
      key.verify(body, named, { jsonParse: false });
      return named["webhook-id"] ?? "";
    } catch (cause) {
      if (!(cause instanceof WebhookVerificationError)) throw cause;
    }
  }
  throw new ServiceError("signature_invalid", "Expected a webhook signed by a known key within the last five minutes");
}
