import { sha256Hex } from "../core/digest.ts";
import { type HardEdges, hardEdges } from "../core/edges.ts";
import { expected, ServiceError } from "../core/errors.ts";
import { type Rgba, SCALES, type Scale, VARIANTS, type Variant } from "../core/image.ts";
import type { Probe } from "../core/probe/probe-result.ts";
import type { Transform } from "../core/transform.ts";
import { type FindModel, type Model, modelFor } from "../engine/models.ts";

/**
 * The models of which one makes the result, or none; which one is only known once the source has been read.
 *
 * @throws {ServiceError} `invalid_transform` if one was asked for that has not been trained.
 */
export function candidateModels(find: FindModel, { scale, model }: Transform): Model[] {
  const scales = SCALES.filter((s) => scale === "auto" || s === scale);
  if (model !== undefined && scales.some((s) => find(s, model) === undefined)) {
    throw new ServiceError("invalid_transform", expected("a model that is available here", "model", model));
  }
  return scales.flatMap((s) => (model === undefined ? VARIANTS : [model]).flatMap((variant) => find(s, variant) ?? []));
}

/** One model's own id, or one for several that changes whenever one of theirs does. */
export async function modelsId(models: readonly Model[]): Promise<string> {
  const [first, ...others] = models.map(({ id }) => id);
  if (first === undefined || others.length === 0) return first ?? "none";
  return `ssiu-${(await sha256Hex([first, ...others].join(","))).slice(0, 8)}`;
}

/** What the choice between the models of a scale depends on. */
interface ChoiceOptions {
  readonly transform: Pick<Transform, "model">;
  readonly source: Pick<Probe, "lossy">;
}

/** Known from the header; the pixels decide between the two. */
export interface ModelChoice {
  readonly smooth: Model;
  /** Absent where a model was asked for: it gets the picture as it is. */
  readonly hardEdged?: Model;
}

/** By the source's header: "web" was trained on what JPEG and WebP leave behind, and AVIF leaves the like (ADR 9). */
export function chooseModels(find: FindModel, scale: Scale, { transform, source }: ChoiceOptions): ModelChoice {
  const named = (variant: Variant) => find(scale, variant) ?? modelFor(find, scale, "clean");
  if (transform.model !== undefined) return { smooth: named(transform.model) };
  return { smooth: named(source.lossy ? "web" : "clean"), hardEdged: named("web") };
}

/** Ids of which a result will have one; "none" at x1. */
export function possibleIds(choice: ModelChoice | undefined): readonly string[] {
  if (choice === undefined) return ["none"];
  const { smooth, hardEdged = smooth } = choice;
  return [...new Set([smooth.id, hardEdged.id])];
}

/** A model, and what of the picture is softened for it. */
interface Settled {
  readonly model: Model;
  readonly antialias?: HardEdges;
}

/** By the picture itself: "web" is at home with harder edges than any filter leaves, once they are softened (ADR 13). */
export function settleModel({ smooth, hardEdged }: ModelChoice, image: Rgba): Settled {
  if (hardEdged === undefined) return { model: smooth };
  const hard = hardEdges(image);
  if (!hard.colour && !hard.alpha) return { model: smooth };
  return { model: hard.colour ? hardEdged : smooth, antialias: hard };
}
