import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * The arguments after `node` that start one of our programs: the file that build-programs.ts built or, outside of
 * tests, the source through tsx, as in `npm run`. From Node 24 on, the origin starts from its source, as in its image.
 *
 * @param path - relative to the root, without `.ts`.
 */
export function program(path: "src/cli/main" | "src/origin/main" | "scripts/start"): readonly string[] {
  const source = join(ROOT, `${path}.ts`);
  if (path === "src/origin/main" && Number.parseInt(process.versions.node, 10) >= 24) return [source];
  const { SSIU_PROGRAMS: built } = process.env;
  return built ? [join(built, `${path}.mjs`)] : ["--import", import.meta.resolve("tsx"), source];
}
