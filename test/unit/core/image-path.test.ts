import { describe, expect, it } from "vitest";
import { formatImagePath, parseImagePath } from "../../../src/core/image-path.ts";

/** Parses what a Worker sees after the URL parser. */
const parse = (url: string) => parseImagePath(new URL(url, "http://localhost").pathname);

describe("parseImagePath", () => {
  it.each([
    ["/img/x2/photo.png", "photo.png"],
    ["/img/x2/a/b/c.jpg", "a/b/c.jpg"],
    ["/img/x2/caf%C3%A9%20au%20lait.png", "café au lait.png"],
    ["/img/x2/café.png", "café.png"],
    ["/img/x2/100%25.png", "100%.png"],
    ["/img/x2/a+b&c.png?x=1", "a+b&c.png"],
  ])("reads %s", (url, source) => {
    expect(parse(url)).toEqual({ transform: { scale: 2 }, source });
  });

  it("accepts an encoded comma or equals sign in the ops", () => {
    expect(parse("/img/x2%2Cformat%3Dwebp/a.png").transform).toEqual({ scale: 2, format: "webp" });
  });

  it.each([
    "/%69mg/x2/a.png",
    "/img/x2",
    "/img/x2/",
    "/img/x2//a.png",
    "/img/x2/a/",
    "/img/x2/a%2Fb.png",
    "/img/x2/a%5Cb.png",
    "/img/x2/a%00.png",
    "/img/x2/a%0a.png",
    "/img/x2/a%7f.png",
    "/img/x2/%252e%252e/secret",
    "/img/x2/a%2520b.png",
    "/img/x2/%FF.png",
    "/img/x2/%E0%A4%A.png",
  ])("refuses %s", (url) => {
    expect(() => parse(url)).toThrow(expect.objectContaining({ code: "invalid_path", status: 400 }));
  });

  it.each([".", "..", "a/./b.png", "a/../b.png", "%2e%2E/b.png"])(
    "refuses %s of a job, which no URL parser saw",
    (source) => {
      expect(() => parseImagePath(`/img/x2/${source}`)).toThrow(expect.objectContaining({ code: "invalid_path" }));
    },
  );

  it.each(["a?b/c#d.png", "100%.png", "a;b=c,d/e+f&g.png", "café au lait.png"])(
    "reads %s as it is written",
    (source) => {
      const path = { transform: { scale: 2 }, source } as const;
      expect(parse(formatImagePath(path))).toEqual(path);
    },
  );

  it.each(["/img", "/img/", "/img/x2", "/img/x2/", "/img//a.png"])("says that something is missing in %s", (url) => {
    expect(() => parse(url)).toThrow(`Expected /img/<ops>/<source> for path, got "${url}"`);
  });

  it.each([
    ["/img/x2/50%.png", 'percent-encoded UTF-8 (% as %25) for path, got "50%.png"'],
    ["/img/x2//a.png", 'plain, once-encoded, non-empty segments for path, got "/img/x2//a.png"'],
  ])("says what is wrong with %s", (url, message) => {
    expect(() => parse(url)).toThrow(message);
  });

  it.each(["/img/x2/../secret.png", "/img/x2/%2e%2e/secret.png", "/img/x2/..\\secret.png"])(
    "cannot be led out of the source's place by %s",
    (url) => {
      expect(() => parse(url)).toThrow(expect.objectContaining({ status: 400 }));
    },
  );
});
