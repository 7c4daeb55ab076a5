import { expect, it } from "vitest";
import { parseImagePath } from "../../../src/core/image-path.ts";
import { createAuthorize } from "../../../src/edge/access.ts";

const authorize = createAuthorize({ mode: "off", keys: undefined, cacheControl: "public", clock: () => 0 });
const path = parseImagePath("/img/x2/photo.png");

const through = (via: string) =>
  authorize(path, new Request("https://images.example.com/img/x2/photo.png", { headers: { Via: via } }));

it.each(["1.1 ssiu-edge", "1.0 fred, 1.1 ssiu-edge", "1.1 ssiu-edge,1.1 varnish (Varnish/7.1)"])(
  "refuses what has been through here: Via: %s",
  async (via) => {
    await expect(through(via)).rejects.toMatchObject({ code: "source_forbidden" });
  },
);

it.each(["1.1 ssiu-edge.example.com", "1.1 ssiu-edge (squid/5.7)", "1.1 ssiu-edge-1 (Varnish/7.1)", "2.0 fred"])(
  "lets through what a proxy before us passes on, whatever its name: Via: %s",
  async (via) => {
    await expect(through(via)).resolves.toEqual({ cacheControl: "public" });
  },
);
