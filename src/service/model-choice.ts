import { isAliased } from "../core/aliased.ts";
import { hasHardAlpha } from "../core/alpha-edges.ts";
import { sha256Hex } from "../core/digest.ts";
import { isDrawn } from "../core/drawn.ts";
import { hasHalvedChroma } from "../core/halved-chroma.ts";
import type { Rgba, Scale, Variant } from "../core/image.ts";
import { isNoisy } from "../core/noise.ts";
import type { Probe } from "../core/probe/probe-result.ts";
import type { Transform } from "../core/transform.ts";
import { wasJpeg } from "../core/was-jpeg.ts";
import { NETWORKS } from "../engine/engine.ts";
import type { FindModel, Model } from "../engine/models.ts";

/** The models of which one makes the result, or none; which one is only known once the source has been read. */
export function candidateModels(find: FindModel, { scale, model }: Transform): Model[] {
  return NETWORKS.filter((network) => scale === "auto" || network.scale === scale)
    .filter(({ variant }) => model === undefined || variant === model)
    .map(find);
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

/** The models of a scale, the same twice where it was asked for: which makes the colours, and which the transparency, is for the pixels to say. */
export interface ModelChoice {
  readonly clean: Model;
  readonly web: Model;
  /** `web` makes the colours, whatever the pixels are. */
  readonly lossy: boolean;
}

/**
 * By the source's header: "web" was trained on what JPEG, WebP, AVIF and palettes leave behind (ADR 9 and 18), and on drawings
 * (ADR 14 and 15); what was shrunk without antialiasing, and noise, it sharpens less than "clean" (ADR 19 and 29). Soft edges it makes
 * hard: transparency that has them is for "clean" (ADR 16), what has hard ones for "web" (ADR 30). A model that was asked for makes all of it.
 */
export function chooseModels(find: FindModel, scale: Scale, { transform, source }: ChoiceOptions): ModelChoice {
  const named = (variant: Variant) => find({ scale, variant: transform.model ?? variant });
  return { clean: named("clean"), web: named("web"), lossy: source.lossy };
}

/** Ids of which a result will have one; "none" at x1. */
export function possibleIds(choice: ModelChoice | undefined): readonly string[] {
  if (choice === undefined) return ["none"];
  const { clean, web, lossy } = choice;
  return lossy ? [web.id] : [...new Set([clean.id, web.id])];
}

/** Who makes a picture. */
interface Settled {
  /** Of the model that makes the colours. */
  readonly id: string;
  readonly variant: Variant;
  readonly alphaVariant: Variant;
}

/** Sides of icons, in pixels, at most. */
const ICON = 48;

/** By the picture itself, where its header leaves a choice. */
export function settleModel({ clean, web, lossy }: ModelChoice, image: Rgba): Settled {
  const isHard = clean.id === web.id || hasHardAlpha(image);
  const isForWeb =
    isHard || lossy || isIcon(image) || isDrawn(image) || isAliased(image) || isNoisy(image) || wasLossy(image);
  const { id, variant } = isForWeb ? web : clean;
  const { variant: alphaVariant } = isHard ? web : clean;
  return { id, variant, alphaVariant };
}

/** Whether a picture is so small that it was drawn, mostly, with edges too few and near to be seen as such (ADR 30). */
function isIcon({ width, height }: Rgba): boolean {
  return Math.max(width, height) <= ICON;
}

/** Whether a picture was stored with loss once, whatever its header says of now (ADR 20 and 21). */
function wasLossy(image: Rgba): boolean {
  return hasHalvedChroma(image) || wasJpeg(image);
}
