import { expect, it } from "vitest";
import { disposition } from "../../../src/core/disposition.ts";

it.each([
  ["photo.png", "webp", 'inline; filename="photo.webp"'],
  ["a/b/photo.JPEG", "jpeg", 'inline; filename="photo.jpg"'],
  ["photo.png.jpg", "avif", 'inline; filename="photo.png.avif"'],
  ["logo.gif", "png", 'inline; filename="logo.png"'],
  ["v1.2", "png", 'inline; filename="v1.2.png"'],
  ["a/.png", "webp", 'inline; filename="picture.webp"'],
  ["https://images.example.com/a/photo.jpg?v=2", "webp", 'inline; filename="photo.webp"'],
  ["https://images.example.com/", "png", 'inline; filename="picture.png"'],
  ["a/my photo (1), 'new'; x=y.png", "webp", `inline; filename="my photo (1), 'new'; x=y.webp"`],
  [
    "https://images.example.com/%C3%BC%20%28%29.png",
    "webp",
    `inline; filename="_ ().webp"; filename*=UTF-8''%C3%BC%20%28%29.webp`,
  ],
  ["https://images.example.com/%FF.png", "png", `inline; filename="_FF.png"; filename*=UTF-8''%25FF.png`],
  ["a b/ü🐈'*.png", "webp", `inline; filename="__'*.webp"; filename*=UTF-8''%C3%BC%F0%9F%90%88%27%2A.webp`],
  ['";x=.png', "png", `inline; filename="_;x=.png"; filename*=UTF-8''%22%3Bx%3D.png`],
] as const)("names %s as %s: %s", (source, format, value) => {
  expect(disposition(source, format)).toBe(value);
});
