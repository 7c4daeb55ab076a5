import { expect, it } from "vitest";
import { assertAllowed, parseAllowList } from "../../../src/core/allow-list.ts";

const listOf = (text: string) => parseAllowList(text, "ALLOWED");
const list = listOf("https://example.com/photos, https://cdn.example.com:8443/,https://example.org/one.jpg");

it.each([
  "https://example.com/photos/a.jpg",
  "https://example.com/photos/b/c.jpg?v=1",
  "https://cdn.example.com:8443/a.jpg",
  "https://example.org/one.jpg",
])("allows %s", (url) => {
  expect(() => assertAllowed(list, new URL(url))).not.toThrow();
});

it.each([
  ["another host", "https://example.net/photos/a.jpg"],
  ["a host that begins so", "https://example.com.evil.com/photos/a.jpg"],
  ["a host below", "https://www.example.com/photos/a.jpg"],
  ["a host that ends so", "https://notexample.com/photos/a.jpg"],
  ["another port", "https://example.com:8443/photos/a.jpg"],
  ["the port left out", "https://cdn.example.com/a.jpg"],
  ["a path beside", "https://example.com/private/a.jpg"],
  ["a path that begins so", "https://example.com/photos2/a.jpg"],
  ["a file beside", "https://example.org/one.jpg.bak"],
  ["http", "http://example.com/photos/a.jpg"],
  ["credentials", "https://a:b@example.com/photos/a.jpg"],
])("refuses %s: %s", (_, url) => {
  expect(() => assertAllowed(list, new URL(url))).toThrow(expect.objectContaining({ code: "source_forbidden" }));
});

it("allows nothing when it is empty", () => {
  expect(() => assertAllowed(listOf(""), new URL("https://example.com/a.jpg"))).toThrow();
});

it.each([
  "example.com",
  "http://example.com/",
  "https://10.0.0.1/",
  "https://localhost/",
  "https://*.example.com",
  "https://example.com/photos/*",
  "*",
])("cannot be made of %s", (text) => {
  expect(() => listOf(`https://example.com/,${text}`)).toThrow(/^Expected .* for ALLOWED, got "/);
});

it.each([
  "https://user:secret@example.com/",
  "https://user:secret@example.com:port/",
  "https://example.com/?token=secret",
  "https://example.com/#secret",
])("does not tell what may be a secret: %s", (text) => {
  expect(() => listOf(text)).toThrow(/^Expected no user(?!.*secret).* for ALLOWED, got text with @, \? or #$/);
});
