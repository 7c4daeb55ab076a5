import { describe, expect, it } from "vitest";
import type { Variant } from "../../../src/core/image.ts";
import type { Probe } from "../../../src/core/probe/probe-result.ts";
import type { Transform } from "../../../src/core/transform.ts";
import type { FindModel } from "../../../src/engine/models.ts";
import { candidateModels, chooseModel, modelsId } from "../../../src/service/model-choice.ts";
import { model } from "./every-model.ts";

const CLEAN: FindModel = (scale, variant) => (variant === "clean" ? model(scale, variant) : undefined);
const BOTH: FindModel = model;

describe("chooseModel", () => {
  it.each<[Pick<Probe, "lossy">, Variant]>([
    [{ lossy: false }, "clean"],
    [{ lossy: true }, "web"],
  ])("for %j is %s", (source, variant) => {
    expect(chooseModel(BOTH, 3, { transform: {}, source }).id).toBe(`x3-${variant}`);
    expect(chooseModel(CLEAN, 3, { transform: {}, source }).id).toBe("x3-clean");
  });

  it("is the one that was asked for", () => {
    expect(chooseModel(BOTH, 2, { transform: { model: "web" }, source: { lossy: false } }).id).toBe("x2-web");
    expect(chooseModel(BOTH, 2, { transform: { model: "clean" }, source: { lossy: true } }).id).toBe("x2-clean");
  });
});

describe("candidateModels", () => {
  const ids = (find: FindModel, model?: Variant, scale: Transform["scale"] = 2) =>
    candidateModels(find, { scale, model }).map(({ id }) => id);

  it("are those that the source decides between", () => {
    expect(ids(CLEAN)).toEqual(["x2-clean"]);
    expect(ids(BOTH)).toEqual(["x2-clean", "x2-web"]);
    expect(ids(BOTH, "web")).toEqual(["x2-web"]);
    expect(ids(CLEAN, undefined, "auto")).toEqual(["x2-clean", "x3-clean", "x4-clean"]);
    expect(ids(BOTH, undefined, 1)).toEqual([]);
  });

  it("refuse a variant that there is no model of", () => {
    expect(() => ids(CLEAN, "web")).toThrow(expect.objectContaining({ code: "invalid_transform" }));
  });
});

describe("modelsId", () => {
  it("is the model's own where there is one", async () => {
    expect(await modelsId([model(2, "clean")])).toBe("x2-clean");
    expect(await modelsId([])).toBe("none");
  });

  it("changes with any of several", async () => {
    const id = await modelsId([model(2, "clean"), model(2, "web")]);
    expect(id).toMatch(/^ssiu-[0-9a-f]{8}$/);
    expect(await modelsId([model(2, "clean"), model(3, "web")])).not.toBe(id);
  });
});
