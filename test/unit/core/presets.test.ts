import { describe, expect, it } from "vitest";
import { parseImagePath } from "../../../src/core/image-path.ts";
import { onlyPresets, parsePresets } from "../../../src/core/presets.ts";

const ops = parsePresets('{"thumb": "w=160,h=160,fit=cover", "large": "x4"}', "PRESETS");
const open = { ops };
const only = onlyPresets(ops);

describe("a preset", () => {
  it("is the same as its ops written out", () => {
    expect(parseImagePath("/img/preset=thumb/a.png", open)).toEqual(
      parseImagePath("/img/width=160,height=160,fit=cover/a.png"),
    );
  });

  it("may stand beside other ops, which may not contradict it", () => {
    expect(parseImagePath("/img/preset=large,f=webp/a.png", open).transform).toEqual({ scale: 4, format: "webp" });
    expect(() => parseImagePath("/img/preset=large,x2/a.png", open)).toThrow("one scale");
  });

  it("that is not known is refused", () => {
    expect(() => parseImagePath("/img/preset=none/a.png", open)).toThrow(
      expect.objectContaining({
        code: "invalid_transform",
        message: expect.stringContaining('the name of a preset for preset, got "preset=none"'),
      }),
    );
    expect(() => parseImagePath("/img/preset=none/a.png")).toThrow(
      "Expected none, as there are no presets, for preset",
    );
  });
});

describe("presets only", () => {
  it.each([
    ["a preset", "preset=thumb"],
    ["its ops written out, in any order", "fit=cover,h=160,w=160"],
    ["a preset, and what does not change the picture", "preset=thumb,onerror=original"],
  ])("lets through %s", (_, text) => {
    expect(parseImagePath(`/img/${text}/a.png`, only).transform.width).toBe(160);
  });

  it.each(["x2", "preset=thumb,q=5", "q=5,preset=thumb", "preset=thumb,preset=large", "w=160,h=160"])(
    "refuses %s",
    (text) => {
      expect(() => parseImagePath(`/img/${text}/a.png`, only)).toThrow(
        expect.objectContaining({ code: "transform_forbidden", status: 403 }),
      );
    },
  );
});

it.each([
  ["no JSON", "for PRESETS: ✖ SyntaxError"],
  ["[]", "for PRESETS: ✖ Invalid input: expected record"],
  ['{"thumb": 160}', "at thumb"],
  ['{"": "x2"}', "for PRESETS: ✖ Invalid"],
  ['{"a b": "x2"}', 'at ["a b"]'],
  ['{"a,b": "x2"}', 'at ["a,b"]'],
  ['{"thumb": "x9"}', "for preset thumb of PRESETS"],
  ['{"a": "x2", "b": "preset=a"}', "for preset b of PRESETS"],
])("refuses the configuration %s and says why: %s", (json, why) => {
  expect(() => parsePresets(json, "PRESETS")).toThrow(why);
});
