import { isAliased } from "../core/aliased.ts";
import { hasHardAlpha } from "../core/alpha-edges.ts";
import { sha256Hex } from "../core/digest.ts";
import { isDrawn } from "../core/drawn.ts";
import { expected, ServiceError } from "../core/errors.ts";
import { hasHalvedChroma } from "../core/halved-chroma.ts";
import { type Rgba, SCALES, type Scale, VARIANTS, type Variant } from "../core/image.ts";
import type { Probe } from "../core/probe/probe-result.ts";
import type { Transform } from "../core/transform.ts";
import { wasJpeg } from "../core/was-jpeg.ts";
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

/** Known from the header; which of two makes the colours, and which the transparency, is decided by the pixels. */
export interface ModelChoice {
  readonly photographed: Model;
  /** For what was shrunk without antialiasing as well, and transparency with hard edges. */
  readonly drawn: Model;
  /** For transparency with soft edges. */
  readonly soft: Model;
}

/**
 * By the source's header: "web" was trained on what JPEG, WebP, AVIF and palettes leave behind (ADR 9 and 18), and on drawings
 * (ADR 14 and 15); what was shrunk without antialiasing it sharpens less than "clean" (ADR 19). Soft edges it makes hard: transparency
 * that has them is for "clean" (ADR 16). A model that was asked for makes all of it.
 */
export function chooseModels(find: FindModel, scale: Scale, { transform, source }: ChoiceOptions): ModelChoice {
  const named = (variant: Variant) => find(scale, variant) ?? modelFor(find, scale, "clean");
  const drawn = named(transform.model ?? "web");
  const soft = named(transform.model ?? "clean");
  return { photographed: source.lossy ? drawn : soft, drawn, soft };
}

/** Ids of which a result will have one; "none" at x1. */
export function possibleIds(choice: ModelChoice | undefined): readonly string[] {
  return choice === undefined ? ["none"] : [...new Set([choice.photographed.id, choice.drawn.id])];
}

/** Who makes a picture. */
interface Settled {
  /** Of the model that makes the colours. */
  readonly id: string;
  readonly variant: Variant;
  readonly alphaVariant: Variant;
}

/** By the picture itself, where its header leaves a choice. */
export function settleModel({ photographed, drawn, soft }: ModelChoice, image: Rgba): Settled {
  const isForWeb = photographed.id === drawn.id || isDrawn(image) || isAliased(image) || wasLossy(image);
  const { id, variant } = isForWeb ? drawn : photographed;
  const { variant: alphaVariant } = soft.id === drawn.id || hasHardAlpha(image) ? drawn : soft;
  return { id, variant, alphaVariant };
}

/** Whether a picture was stored with loss once, whatever its header says of now (ADR 20 and 21). */
function wasLossy(image: Rgba): boolean {
  return hasHalvedChroma(image) || wasJpeg(image);
}
