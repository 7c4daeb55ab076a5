import { expect, it } from "vitest";
import { assertPublicUrl } from "../../../src/core/address.ts";

it.each([
  "example.com",
  "a.b.c.example.co.uk",
  "xn--bcher-kva.example.com",
  "1.example.com",
  "example.com.",
  "local.dev",
  "example.notlocal",
])("lets %s through", (host) => {
  expect(() => assertPublicUrl(new URL(`https://${host}/a.png`))).not.toThrow();
});

it.each([
  ["loopback", "https://127.0.0.1/"],
  ["loopback without its zeros", "https://127.1/"],
  ["loopback in hex", "https://0x7f.0x0.0x0.0x1/"],
  ["loopback in octal", "https://0177.0.0.1/"],
  ["loopback as one number", "https://2130706433/"],
  ["loopback in full-width digits", "https://１２７.0.0.1/"],
  ["loopback with a dot behind", "https://127.0.0.1./"],
  ["this host", "https://0.0.0.0/"],
  ["a private network", "https://10.1.2.3/"],
  ["a private network", "https://172.16.0.1/"],
  ["a private network", "https://192.168.1.1/"],
  ["link-local, cloud metadata", "https://169.254.169.254/latest/meta-data/"],
  ["carrier-grade NAT", "https://100.64.0.1/"],
  ["any other address", "https://93.184.216.34/"],
  ["IPv6 loopback", "https://[::1]/"],
  ["IPv4 mapped into IPv6", "https://[::ffff:127.0.0.1]/"],
  ["unique local", "https://[fd00::1]/"],
  ["IPv6 link-local", "https://[fe80::1]/"],
  ["any other IPv6 address", "https://[2606:4700::1111]/"],
  ["localhost", "https://localhost/"],
  ["localhost in capitals", "https://LocalHost/"],
  ["localhost with a dot behind", "https://localhost./"],
  ["a name below localhost", "https://app.localhost/"],
  ["a name without a domain", "https://intranet/"],
  ["a metadata service by name", "https://metadata.google.internal/"],
  ["a name of the local link", "https://printer.local/"],
  ["a home network", "https://nas.home.arpa/"],
  ["the home network", "https://home.arpa/"],
  ["a router's network", "https://nas.lan/"],
  ["this machine's network", "https://nas.localdomain/"],
  ["a name for tests", "https://example.test/"],
  ["a name of nothing", "https://example.invalid/"],
  ["an onion service", "https://example.onion/"],
  ["http", "http://example.com/"],
  ["another port's http", "http://example.com:443/"],
  ["a file", "file:///etc/passwd"],
  ["data", "data:image/png;base64,AAAA"],
  ["credentials", "https://user:secret@example.com/"],
  ["a user", "https://user@example.com/"],
  ["a password alone", "https://:secret@example.com/"],
])("refuses %s: %s", (_, url) => {
  expect(() => assertPublicUrl(new URL(url))).toThrow(
    expect.objectContaining({ code: "source_forbidden", status: 403 }),
  );
});

it("does not repeat a password", () => {
  const url = new URL("https://user:secret@example.com/token");
  expect(() => assertPublicUrl(url, "callback")).toThrow(/^Expected .* for callback, got "https:\/\/example.com"$/);
});
