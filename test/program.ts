import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * What follows `node` where a program of ours is started: what build-programs.ts built; outside of tests the source, as
 * `npm run` does. The origin's image starts that as it is, by Node 24.
 *
 * @param path - from the root, without `.ts`.
 */
export function program(path: "src/cli/main" | "src/origin/main" | "scripts/start"): readonly string[] {
  const source = join(ROOT, `${path}.ts`);
  if (path === "src/origin/main" && Number.parseInt(process.versions.node, 10) >= 24) return [source];
  const { SSIU_PROGRAMS: built } = process.env;
  return built ? [join(built, `${path}.mjs`)] : ["--import", import.meta.resolve("tsx"), source];
}
