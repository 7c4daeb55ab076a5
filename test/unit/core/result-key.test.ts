import { expect, it } from "vitest";
import { type ResultIdentity, resultKey } from "../../../src/core/result-key.ts";

const IDENTITY: ResultIdentity = {
  model: "ssiu-x2-01234567",
  engine: "ort",
  transform: { scale: 2, format: "webp", quality: 80 },
  source: "photo.png",
  version: "v1",
};

it("names the model in the path and hashes the rest", async () => {
  const { path, etag } = await resultKey(IDENTITY);
  expect(path).toMatch(/^r1\/ssiu-x2-01234567\/[0-9a-f]{64}$/);
  expect(etag).toBe(`"${path.split("/")[2]}"`);
});

it("is another key for every part of what the bytes depend on", async () => {
  const others: ResultIdentity[] = [
    { ...IDENTITY, model: "ssiu-x2-89abcdef" },
    { ...IDENTITY, engine: "simd" },
    { ...IDENTITY, source: "photo.jpg" },
    { ...IDENTITY, version: "v2" },
    { ...IDENTITY, transform: { ...IDENTITY.transform, scale: 3 } },
    { ...IDENTITY, transform: { ...IDENTITY.transform, format: "png" } },
    { ...IDENTITY, transform: { ...IDENTITY.transform, quality: 81 } },
    { ...IDENTITY, transform: { ...IDENTITY.transform, background: "ffffff" } },
    { ...IDENTITY, transform: { ...IDENTITY.transform, anim: false } },
    { ...IDENTITY, transform: { ...IDENTITY.transform, model: "web" } },
    { ...IDENTITY, transform: { ...IDENTITY.transform, width: 10 } },
    { ...IDENTITY, transform: { ...IDENTITY.transform, height: 10 } },
    { ...IDENTITY, transform: { ...IDENTITY.transform, width: 10, height: 10, fit: "cover" } },
    { ...IDENTITY, transform: { ...IDENTITY.transform, format: "auto" } },
    { ...IDENTITY, transform: { ...IDENTITY.transform, format: "auto", accepts: ["webp"] } },
    { ...IDENTITY, transform: { ...IDENTITY.transform, format: "auto", accepts: ["avif", "webp"] } },
  ];
  const keys = await Promise.all([IDENTITY, ...others].map(resultKey));
  expect(new Set(keys.map((key) => key.etag)).size).toBe(1 + others.length);
});
