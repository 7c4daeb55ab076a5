import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { parseImagePath } from "../../../src/core/image-path.ts";
import { parseKeyring } from "../../../src/core/keyring.ts";
import { verifyUrl } from "../../../src/core/signed-url.ts";
import { PROGRAM, ssiu, ssiuWith } from "./ssiu.ts";

const KEY = "k1:0123456789abcdef";

test("signs a link that holds as long as asked", async () => {
  const { code, stdout, stderr } = await ssiu(
    ...["sign", "/img/x2,q=80/https://example.com/a.jpg", "--key", KEY, "--expires", "2h"],
    ...["--base", "https://images.example.org/"],
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^https:\/\/images\.example\.org\/img\/x2,quality=80\/https%3A%2F%2Fexample.com%2Fa.jpg\?/);
  const { pathname, searchParams } = new URL(stdout.trim());
  const nowSeconds = Date.now() / 1000;
  const { expires, keyId } = await verifyUrl(parseImagePath(pathname), searchParams, {
    keys: parseKeyring(KEY, "KEYS"),
    nowSeconds,
  });
  expect(keyId).toBe("k1");
  expect(expires - nowSeconds).toBeGreaterThan(7100);
  expect(expires - nowSeconds).toBeLessThanOrEqual(7200);
});

test.each([
  ["10s", 10],
  ["2m", 120],
  ["999999d", 999_999 * 86_400],
  [undefined, 3600],
])("a link for %s holds for %i seconds", async (expires, seconds) => {
  const args = ["sign", "/img/x2/a.jpg", "--key", KEY, ...(expires === undefined ? [] : ["--expires", expires])];
  const before = Math.floor(Date.now() / 1000);
  const exp = Number(new URLSearchParams((await ssiu(...args)).stdout.split("?")[1]).get("exp"));
  expect(exp).toBeGreaterThanOrEqual(before + seconds);
  expect(exp).toBeLessThanOrEqual(Date.now() / 1000 + seconds);
});

test("signs by the first key of the variable, and names the server that stands in the link", async () => {
  const link = "http://localhost:8787/img/x2/a.jpg";
  const { stdout } = await ssiuWith({ URL_KEYS: `${KEY},k2:abcdefabcdefabcd` }, "sign", link);
  expect(stdout).toMatch(/^http:\/\/localhost:8787\/img\/x2\/a\.jpg\?exp=\d+&kid=k1&sig=/);
});

test.each([
  ["img/x2/a.jpg", "/img/x2/a.jpg"],
  ["HTTPS://h/img/x2/a.jpg", "https://h/img/x2/a.jpg"],
])("takes %s for %s", async (link, plain) => {
  expect((await ssiu("sign", link, "--key", KEY)).stdout.split("?")[0]).toBe(plain);
});

test("signs one link after the other, from stdin too, or none of them", async () => {
  const { stdout } = await ssiu("sign", "/img/x2/a.jpg", "/img/x3/b.jpg", "--key", KEY);
  expect(stdout.match(/^.+(?=\?exp)/gm)).toEqual(["/img/x2/a.jpg", "/img/x3/b.jpg"]);
  const piped = spawnSync(process.execPath, [...PROGRAM, "sign", "/img/x1,w=9/c.jpg", "-", "--key", KEY], {
    encoding: "utf8",
    input: "/img/x2/a.jpg\r\n\n/img/x4/d%20e.jpg",
  });
  expect(piped.stdout.match(/^.+(?=\?exp)/gm)).toEqual(["/img/x1,width=9/c.jpg", "/img/x2/a.jpg", "/img/x4/d%20e.jpg"]);
  for (const wrong of ["/nowhere", "/img/x9/a.jpg"]) {
    const { stdout: none, stderr } = await ssiu("sign", "/img/x2/a.jpg", wrong, "--key", KEY);
    expect([none, stderr]).toEqual([
      "",
      expect.stringContaining(wrong.split("/").at(wrong === "/nowhere" ? -1 : 2) ?? ""),
    ]);
  }
});

test("says that there is no key", async () => {
  const stderr = "error: Expected id:secret for --key or in URL_KEYS, got nothing\n";
  expect(await ssiuWith({ URL_KEYS: undefined }, "sign", "/img/x2/a.jpg")).toEqual({ code: 2, stdout: "", stderr });
});

test("signs what a preset stands for", async () => {
  const args = ["--key", KEY, "--presets", '{"thumb": "w=160,f=webp"}'];
  const { code, stdout, stderr } = await ssiu("sign", "/img/preset=thumb/a.jpg", ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^\/img\/width=160,format=webp\/a.jpg\?/);
});

test.each([
  ["written out", "/img/onerror=original,x2/a.jpg", "/img/x2,onerror=original/a.jpg"],
  ["of a preset", "/img/preset=safe/a.jpg", "/img/width=160,onerror=interpolate/a.jpg"],
])("keeps an onerror %s in the link", async (_, path, canonical) => {
  const presets = '{"safe": "w=160,onerror=interpolate"}';
  const { stdout } = await ssiu("sign", path, "--key", KEY, "--presets", presets);
  expect(stdout.split("?")[0]).toBe(canonical);
  const { pathname, searchParams } = new URL(stdout.trim(), "http://localhost");
  const options = { keys: parseKeyring(KEY, "KEYS"), nowSeconds: Date.now() / 1000 };
  expect(await verifyUrl(parseImagePath(pathname), searchParams, options)).toMatchObject({ keyId: "k1" });
});

test.each([
  [2, "query", ["/img/x2/a?x=1", "--key", KEY]],
  [2, "--expires", ["/img/x2/a", "--key", KEY, "--expires", "1y"]],
  [2, "query", ["/img/x2/a#b", "--key", KEY]],
  [2, "--expires", ["/img/x2/a", "--key", KEY, "--expires", "0h"]],
  [2, "--expires", ["/img/x2/a", "--key", KEY, "--expires", "1000000s"]],
  [2, "for URL", ["https://h:99999/img/x2/a", "--key", KEY]],
  [2, "--base", ["/img/x2/a", "--key", KEY, "--base", "there"]],
  [2, "--base", ["/img/x2/a", "--key", KEY, "--base", "https://h:99999"]],
  [2, "--base", ["/img/x2/a", "--key", KEY, "--base", "https://user:word@h"]],
  [2, "--base", ["/img/x2/a", "--key", KEY, "--base", "https://example.com/cdn"]],
  [2, "localhost:8787/img/x2/a", ["localhost:8787/img/x2/a", "--key", KEY]],
  [2, "ftp://h/img/x2/a", ["ftp://h/img/x2/a", "--key", KEY]],
  [2, "/images/x2/a", ["/images/x2/a", "--key", KEY]],
  [2, "https://h/x2/a", ["https://h/x2/a", "--key", KEY]],
  [2, "//h/img/x2/a", ["//h/img/x2/a", "--key", KEY]],
  [2, "for URL", ["/\\h/img/x2/a", "--key", KEY]],
  [2, "/IMG/x2/a", ["/IMG/x2/a", "--key", KEY]],
  [2, "for URL", ["/img/../images/x2/a", "--key", KEY]],
  [2, "http:/img/x2/a", ["http:/img/x2/a", "--key", KEY]],
  [2, "for URL", ["https://user:word@h/img/x2/a", "--key", KEY]],
  [2, "beside --base", ["https://h/img/x2/a", "--key", KEY, "--base", "https://h"]],
  [1, "preset=thumb", ["/img/preset=thumb/a", "--key", KEY]],
  [2, "x9", ["/img/x2/a", "--key", KEY, "--presets", '{"thumb": "x9"}']],
  [2, "for --presets: ✖ SyntaxError", ["/img/x2/a", "--key", KEY, "--presets", "{"]],
  [2, "id:secret", ["/img/x2/a", "--key", "topsecret"]],
  [1, "x9", ["/img/x9/a", "--key", KEY]],
])("fails with %i and names %s", async (expected, named, args) => {
  const { code, stdout, stderr } = await ssiu("sign", ...args);
  expect({ code, stdout }).toEqual({ code: expected, stdout: "" });
  expect(stderr).toContain(named);
  expect(stderr).not.toContain("topsecret");
});
