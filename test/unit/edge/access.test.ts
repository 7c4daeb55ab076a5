import { expect, it } from "vitest";
import { parseImagePath } from "../../../src/core/image-path.ts";
import { parseKeyring } from "../../../src/core/keyring.ts";
import { signUrl } from "../../../src/core/signed-url.ts";
import { createAuthorize } from "../../../src/edge/access.ts";

const authorize = createAuthorize({ signing: { mode: "off" }, cacheControl: "public", clock: () => 0 });
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
    expect((await through(via)).cacheControl()).toBe("public");
  },
);

it("lets an answer be kept until its link ends, and not at all once it has", async () => {
  let seconds = 1000;
  const keys = parseKeyring("k1:0123456789abcdef", "KEYS");
  const signing = { mode: "all", keys } as const;
  const rules = { signing, cacheControl: "max-age=3600", clock: () => 1000 * seconds };
  const url = new URL(await signUrl(path, 1040, keys), "https://images.example.com");
  const { cacheControl } = await createAuthorize(rules)(path, new Request(url));
  const kept = [1000, 1018, 1040, 1050].map((now) => {
    seconds = now;
    return cacheControl();
  });
  expect(kept).toEqual([40, 22, 0, 0].map((age) => `max-age=${age}, must-revalidate`));
});
