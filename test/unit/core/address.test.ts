import { expect, it } from "vitest";
import { assertPublicUrl } from "../../../src/core/address.ts";

it.each([
  "https://example.com/hook?a=1",
  "https://example.com:8443/",
  "https://localhost.example.com/",
  "https://bücher.example/",
])("lets %s through", (url) => {
  expect(() => assertPublicUrl(new URL(url))).not.toThrow();
});

it.each([
  "http://example.com/",
  "ftp://example.com/",
  "https://user:secret@example.com/",
  "https://localhost/",
  "https://localhost./",
  "https://a.localhost/",
  "https://printer.local/",
  "https://metadata.google.internal/",
  "https://router.home.arpa/",
  "https://intranet/",
  "https://127.0.0.1/",
  "https://127.1/",
  "https://2130706433/",
  "https://0x7f.0.0.1/",
  "https://0/",
  "https://10.1.2.3/",
  "https://100.64.0.1/",
  "https://169.254.169.254/latest/meta-data",
  "https://172.16.0.1/",
  "https://192.168.1.1/",
  "https://[::1]/",
  "https://[::]/",
  "https://[fd00::1]/",
  "https://[fe80::1]/",
  "https://[::ffff:10.0.0.1]/",
  "https://[64:ff9b::a00:1]/",
])("refuses %s", (url) => {
  expect(() => assertPublicUrl(new URL(url))).toThrowError(expect.objectContaining({ code: "source_forbidden" }));
});
