import { readFile } from "node:fs/promises";
import { build } from "esbuild";
import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { HorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import { Service } from "kubernetes-models/v1/Service";
import { expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { type ErrorCode, ServiceError } from "../../src/core/errors.ts";
import { parseConfig } from "../../src/origin/config.ts";
import { createMetrics } from "../../src/origin/metrics.ts";
import { spawnOrigin } from "./origin.ts";

const file = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), "utf8");
const documents = parseAllDocuments(await file("deploy/kubernetes.yaml"));

/** Classes that validate against the OpenAPI schemas of Kubernetes. */
const KINDS = { Deployment, HorizontalPodAutoscaler, NetworkPolicy, PodDisruptionBudget, Service } as const;

it.each(Object.keys(KINDS) as (keyof typeof KINDS)[])("has a valid %s", (kind) => {
  const [document, ...others] = documents.filter((candidate) => candidate.get("kind") === kind);
  expect(others).toEqual([]);
  expect(document?.errors).toEqual([]);
  const Kind = KINDS[kind];
  new Kind(document?.toJS()).validate();
});

it("is held against schemas that know what is wrong", () => {
  const wrong = documents.find((document) => document.get("kind") === "Deployment")?.toJS();
  wrong.spec.template.spec.containers[0].ports[0].containerPort = "http";
  expect(() => new Deployment(wrong).validate()).toThrow();
});

it("sets what the program reads, and gives it the time that it takes to end", async () => {
  const deployment = documents.find((document) => document.get("kind") === "Deployment")?.toJS();
  const { containers, terminationGracePeriodSeconds } = deployment.spec.template.spec;
  const pairs: [string, string][] = containers[0].env.map((entry: { name: string; value?: string }) => [
    entry.name,
    entry.value ?? "key:from-the-secret-of-the-cluster",
  ]);
  const config = parseConfig(Object.fromEntries(pairs));
  expect(config.port).toBe(containers[0].ports[0].containerPort);
  expect(1000 * terminationGracePeriodSeconds).toBeGreaterThan(config.drainMs + config.limits.deadlineMs);
  const documented = await file("docs/deploy.md");
  for (const [name] of pairs) expect(documented).toContain(`\`${name}\``);
});

it("alerts by metrics that the program has, and by codes of its errors", async () => {
  const { groups } = parse(await file("deploy/alerts.yaml"));
  const rules: string = groups
    .flatMap((group: { rules: { expr: string }[] }) => group.rules.map(({ expr }) => expr))
    .join("\n");
  const known = createMetrics({ queueTiles: () => 0 }).registry.getMetricsAsArray();
  const named = new Set(rules.match(/\b(ssiu|nodejs)_\w+/g)?.map((name) => name.replace(/_count$/, "")));
  expect(known.map(({ name }) => name)).toEqual(expect.arrayContaining([...named]));
  const codes = [...rules.matchAll(/code=~?"([^"]+)"/g)].flatMap(([, list = ""]) => list.split("|"));
  for (const code of codes) expect(new ServiceError(code as ErrorCode, "").status).toBeTypeOf("number");
  expect([named.size, codes.length]).toEqual([4, 5]);
});

it("is started by systemd as often as it fails, and given the time that it takes to end", async () => {
  const [, unit = ""] = /^```ini\n([\s\S]+?)^```/m.exec(await file("docs/deploy.md")) ?? [];
  const { RestartSec, TimeoutStopSec } = Object.fromEntries(unit.split("\n").map((line) => line.split("=")));
  // systemd gives up after 5 starts in 10 s (DefaultStartLimitBurst, DefaultStartLimitIntervalSec).
  expect(5 * Number(RestartSec)).toBeGreaterThan(10);
  const { drainMs, limits } = parseConfig({});
  expect(1000 * Number(TimeoutStopSec)).toBeGreaterThan(drainMs + limits.deadlineMs);
});

it("asks for the Node that the image has, which needs no dev dependencies", async () => {
  const [, major] = /^ARG NODE=node:(\d+)/m.exec(await file("Dockerfile")) ?? [];
  expect(await file("docs/deploy.md")).toMatch(new RegExp(`^1\\. Node ${major} or newer.*npm ci --omit=dev`, "m"));
});

it("puts everything into the image that the program imports", async () => {
  const dockerfile = await file("Dockerfile");
  const copied = [...dockerfile.matchAll(/^COPY src\/(\w+)/gm)].map(([, folder]) => folder);
  const { metafile } = await build({
    entryPoints: ["main", "engine-worker", "pixel-worker"].map((name) => `src/origin/${name}.ts`),
    bundle: true,
    metafile: true,
    write: false,
    outdir: "unused",
    packages: "external",
    format: "esm",
    platform: "node",
  });
  const folders = new Set(Object.keys(metafile.inputs).map((path) => path.split("/")[1]));
  expect([...folders].toSorted()).toEqual(copied.toSorted());
});

it("stops the program where it cannot listen, and says by which settings", async () => {
  const reason = /^Expected a free address .* for HOST and PORT, got "nowhere\.invalid:0"/;
  await expect(spawnOrigin({ HOST: "nowhere.invalid" })).rejects.toThrow(reason);
}, 60_000);
