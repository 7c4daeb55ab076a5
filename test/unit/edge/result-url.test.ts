import { expect, it } from "vitest";
import { parseImagePath } from "../../../src/core/image-path.ts";
import { parseKeyring } from "../../../src/core/keyring.ts";
import { verifyUrl } from "../../../src/core/signed-url.ts";
import { resultUrl } from "../../../src/edge/jobs/result-url.ts";

const OWN = { source: "a b/ü.png", ops: "x2,format=webp" };
const REMOTE = { source: "https://images.example.com/a.png?v=2", ops: "x3" };
const PATH = "/img/x2,format=webp/a%20b/%C3%BC.png";
const REMOTE_PATH = "/img/x3/https%3A%2F%2Fimages.example.com%2Fa.png%3Fv%3D2";

const keys = parseKeyring("k1:0123456789abcdef", "KEYS");
const rotated = parseKeyring("k2:fedcba9876543210,k1:0123456789abcdef", "KEYS");

it.each([
  ["off", false, false],
  ["remote", false, true],
  ["all", true, true],
] as const)("is signed where the mode asks for it: %s", async (mode, own, remote) => {
  const [ownUrl, remoteUrl] = [await resultUrl(OWN, { mode, keys }), await resultUrl(REMOTE, { mode, keys })];
  expect(ownUrl.split("?")[0]).toBe(PATH);
  expect(remoteUrl.split("?")[0]).toBe(REMOTE_PATH);
  expect([ownUrl, remoteUrl].map((url) => url.includes("&sig="))).toEqual([own, remote]);
});

it("holds for ever, and is signed by the first key of the moment", async () => {
  for (const [ring, keyId] of [
    [keys, "k1"],
    [rotated, "k2"],
  ] as const) {
    const { pathname, searchParams } = new URL(await resultUrl(OWN, { mode: "all", keys: ring }), "http://localhost");
    const nowSeconds = Date.UTC(9999, 11, 31) / 1000;
    expect(await verifyUrl(parseImagePath(pathname), searchParams, { keys: rotated, nowSeconds })).toMatchObject({
      keyId,
    });
  }
});
