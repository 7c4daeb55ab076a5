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

/** The models that may make the result, none at x1. Which one does is known only once the source has been read. */
export function candidateModels(find: FindModel, { scale, model }: Transform): Model[] {
  return NETWORKS.filter((network) => scale === "auto" || network.scale === scale)
    .filter(({ variant }) => model === undefined || variant === model)
    .map(find);
}

/** The id of a single model, or one for several that changes whenever one of theirs does. */
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

/** The models of a scale, or twice the one asked for. The pixels decide which makes the colours and which the transparency. */
export interface ModelChoice {
  readonly clean: Model;
  readonly web: Model;
  /** `web` makes the colours, whatever the pixels say. */
  readonly lossy: boolean;
}

/**
 * Chooses by the source's header. "web" was trained on what JPEG, WebP, AVIF and palettes leave behind (ADR 9 and 18) and on drawings
 * (ADR 14 and 15), and sharpens noise and pictures shrunk without antialiasing less than "clean" (ADR 19 and 29). It makes soft edges
 * hard, so transparency with soft edges is for "clean" (ADR 16), with hard ones for "web" (ADR 30). A model asked for makes everything.
 */
export function chooseModels(find: FindModel, scale: Scale, { transform, source }: ChoiceOptions): ModelChoice {
  const named = (variant: Variant) => find({ scale, variant: transform.model ?? variant });
  return { clean: named("clean"), web: named("web"), lossy: source.lossy };
}

/** Ids that the result's model may have; "none" at x1. */
export function possibleIds(choice: ModelChoice | undefined): readonly string[] {
  if (choice === undefined) return ["none"];
  const { clean, web, lossy } = choice;
  return lossy ? [web.id] : [...new Set([clean.id, web.id])];
}

/** Which models make a picture. */
interface Settled {
  /** Of the model that makes the colours. */
  readonly id: string;
  readonly variant: Variant;
  readonly alphaVariant: Variant;
}

/** Longest side of an icon, in pixels. */
const ICON = 48;

/** Chooses by the pixels where the header leaves a choice. */
export function settleModel({ clean, web, lossy }: ModelChoice, image: Rgba): Settled {
  const isHard = clean.id === web.id || hasHardAlpha(image);
  const isForWeb =
    isHard || lossy || isIcon(image) || isDrawn(image) || isAliased(image) || isNoisy(image) || wasLossy(image);
  const { id, variant } = isForWeb ? web : clean;
  const { variant: alphaVariant } = isHard ? web : clean;
  return { id, variant, alphaVariant };
}

/** Whether a picture is so small that it is mostly a drawing, with too few edges too close together to be recognised (ADR 30). */
function isIcon({ width, height }: Rgba): boolean {
  return Math.max(width, height) <= ICON;
}

/** Whether a picture was once stored with loss, even if its present format is lossless (ADR 20 and 21). */
function wasLossy(image: Rgba): boolean {
  return hasHalvedChroma(image) || wasJpeg(image);
}
