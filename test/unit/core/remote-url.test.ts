import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatImagePath, parseImagePath } from "../../../src/core/image-path.ts";

/** The source of what a Worker sees after the URL parser. */
const sourceOf = (url: string) => parseImagePath(new URL(url, "http://localhost").pathname).source;

describe("a source that is a URL", () => {
  it.each([
    "/img/x2/https://example.com/a/b.jpg",
    "/img/x2/https:/example.com/a/b.jpg",
    "/img/x2/https:///example.com/a/b.jpg",
    "/img/x2/HTTPS://EXAMPLE.com:443/a/b.jpg",
    "/img/x2/https%3A%2F%2Fexample.com%2Fa%2Fb.jpg",
    "/img/x2/https%3a%2f%2fexample.com%2fa%2fb.jpg%23part",
    "/img/x2/https%3A//example.com/a/b.jpg",
    "/img/x2/https%3A%2F%2Fexample.com%2Fc%2F..%2Fa%2Fb.jpg",
    "/img/x2/https%3A%2F%2Fexample.com%2Fc%2F%252e%252E%2Fa%2Fb.jpg",
    "/img/x2/https://example.com/%61/b%2Ejpg",
    "/img/x2/https://example.com/a/b.jpg?w=100",
  ])("has one id, however it is written: %s", (url) => {
    expect(sourceOf(url)).toBe("https://example.com/a/b.jpg");
  });

  it.each([
    ["/img/x2/https%3A%2F%2Fexample.com%2Fa.jpg%3Fv%3D1%26w%3D2", "https://example.com/a.jpg?v=1&w=2"],
    ["/img/x2/https%3A%2F%2Fexample.com%2Fa.jpg%3Fv%3Da%5Cb", "https://example.com/a.jpg?v=a\\b"],
    [
      "/img/x2/https://bücher.example.com:8443/a%20b/%c3%bc,1.jpg",
      "https://xn--bcher-kva.example.com:8443/a%20b/%C3%BC,1.jpg",
    ],
    ["/img/x2/https%3A%2F%2Fexample.com%2Fa.jpg%3Fsale%3D50%25", "https://example.com/a.jpg?sale=50%25"],
    ["/img/x2/https%3A%2F%2Fexample.com%2Fa.jpg%3Fv%3D%25%2534%2531", "https://example.com/a.jpg?v=%2541"],
    ["/img/x2/https://example.com/%E4%BD%A0/", "https://example.com/%E4%BD%A0/"],
    ["/img/x2/https://example.com/%7Ea%2Db%5F.jpg", "https://example.com/~a-b_.jpg"],
    ["/img/x2/https.jpg", "https.jpg"],
  ])("is read from %s", (url, source) => {
    expect(sourceOf(url)).toBe(source);
    const path = { transform: { scale: 2 }, source } as const;
    expect(parseImagePath(formatImagePath(path))).toEqual(path);
  });

  it.each([
    ["an encoded slash", "/img/x2/https://example.com/public/..%2Fprivate/a.jpg"],
    ["an encoded slash within", "/img/x2/https%3A%2F%2Fexample.com%2Fpublic%2F..%252Fprivate"],
    ["dots and a semicolon", "/img/x2/https://example.com/public/..;/private/a.jpg"],
    ["a dot and a semicolon", "/img/x2/https://example.com/public/.;/a.jpg"],
    ["dots and a path parameter", "/img/x2/https://example.com/public/%2e.;x=1/private/a.jpg"],
    ["dots and an encoded semicolon", "/img/x2/https%3A%2F%2Fexample.com%2Fpublic%2F..%253Bx%2Fprivate"],
    ["a backslash", "/img/x2/https%3A%2F%2Fexample.com%2Fx%5C..%5Ca.jpg"],
    ["a line break", "/img/x2/https%3A%2F%2Fexample.com%2Fa%0Ab.jpg"],
    ["a control character at the end", "/img/x2/https%3A%2F%2Fexample.com%2Fa.jpg%01"],
    ["a space at the end", "/img/x2/https%3A%2F%2Fexample.com%2Fa.jpg%20"],
    ["an encoded backslash", "/img/x2/https://example.com/public/..%5Cprivate/a.jpg"],
    ["double encoding", "/img/x2/https://example.com/public/%252e%252e/private/a.jpg"],
    ["a control character", "/img/x2/https://example.com/a%00.jpg"],
    ["the last control character", "/img/x2/https://example.com/a%1F.jpg"],
    ["a deletion", "/img/x2/https://example.com/a%7f.jpg"],
    ["empty segments", "/img/x2/https://example.com//a.jpg"],
    ["a percent sign alone", "/img/x2/https%3A%2F%2Fexample.com%2Fa%25zz.jpg"],
    ["one before what decodes to digits", "/img/x2/https://example.com/%%34%31.jpg"],
    ["one before what decodes to a digit", "/img/x2/https://example.com/%4%31.jpg"],
    ["no host", "/img/x2/https:/"],
    ["invalid UTF-8", "/img/x2/https%3A%2F%2Fexample.com%2F%FF"],
  ])("is refused with %s", (_, url) => {
    expect(() => sourceOf(url)).toThrow(expect.objectContaining({ code: "invalid_path" }));
  });

  it.each([
    "/img/x2/http://example.com/a.jpg",
    "/img/x2/http%3A%2F%2Fexample.com%2Fa.jpg",
    "/img/x2/https://user:secret@example.com/a.jpg",
    "/img/x2/https://127.1/a.jpg",
    "/img/x2/https%3A%2F%2F2130706433%2Fa.jpg",
    "/img/x2/https://[::ffff:10.0.0.1]/a.jpg",
    "/img/x2/https://localhost/a.jpg",
  ])("is forbidden: %s", (url) => {
    expect(() => sourceOf(url)).toThrow(expect.objectContaining({ code: "source_forbidden" }));
  });

  it("is written the way it is read, or refused", () => {
    const parts = ["a", "1", "/", "..", "?", "#", " ", "%", "%4", "%25", "%31", "%34", "%c3%bc"];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 6 }), (rest) => {
        const url = `/img/x2/${encodeURIComponent(`https://example.com/${rest.join("")}`)}`;
        const path = unlessRefused(() => parseImagePath(url));
        if (path !== undefined) expect(parseImagePath(formatImagePath(path))).toEqual(path);
      }),
      { numRuns: 2000 },
    );
  });
});

function unlessRefused<Result>(parse: () => Result): Result | undefined {
  try {
    return parse();
  } catch (error) {
    expect(error).toMatchObject({ code: "invalid_path" });
    return undefined;
  }
}
