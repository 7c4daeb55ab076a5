import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { contentDigest, originSigningText } from "../../../src/core/origin-request.ts";

it("gives the digest as RFC 9530 has it", async () => {
  // The body of the example in appendix B.1.
  const body = new TextEncoder().encode('{"hello": "world"}\n');
  expect(await contentDigest(body)).toBe("sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:");
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i);
  expect(await contentDigest(bytes)).toBe(`sha-256=:${createHash("sha256").update(bytes).digest("base64")}:`);
});

it("signs method, path, body and time, each in a line of its own", () => {
  const request = { pathAndQuery: "/v1/upscale?x2,format=webp", digest: "sha-256=:AA==:", timestamp: 1_764_000_000 };
  expect(originSigningText(request)).toBe("v1\nPOST\n/v1/upscale?x2,format=webp\nsha-256=:AA==:\n1764000000");
});
