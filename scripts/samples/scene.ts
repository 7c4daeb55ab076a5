import type { Rgb } from "../../src/core/image.ts";
import { blend, type Triple } from "./colour.ts";
import { createRandom, fractal, step } from "./noise.ts";

type Surface = "glossy" | "metal" | "glass";

interface Material {
  readonly surface: Surface;
  /** Albedo in linear light at a point of the body. */
  readonly colour: (point: Triple, normal: Triple) => Triple;
  /** Blur of reflections, 0 for a mirror. */
  readonly roughness: number;
}

interface Sphere {
  readonly centre: Triple;
  readonly radius: number;
  readonly material: Material;
}

interface Hit {
  readonly point: Triple;
  readonly normal: Triple;
  readonly material: Material;
  readonly distance: number;
}

const SUN = normalise([-0.62, 0.62, -0.48]);
const SUN_SPREAD = 0.07;
const SUN_LIGHT: Triple = [2.9, 2.4, 1.8];
const HAZE: Triple = [1.05, 0.86, 0.76];
const MAX_BOUNCES = 7;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

const plain = (surface: Surface, colour: Triple, roughness = 0): Material => ({
  surface,
  roughness,
  colour: () => colour,
});

const porcelain: Material = {
  surface: "glossy",
  roughness: 0,
  colour: (_, [x, y, z]) => {
    const tilted = 0.92 * y + 0.34 * x - 0.18 * z;
    const around = Math.atan2(0.94 * x - 0.34 * y, z) / Math.PI;
    const latitude = Math.asin(Math.max(-1, Math.min(1, tilted))) / Math.PI;
    const band = Math.abs(latitude) < 0.21 && Math.abs(latitude) > 0.185;
    const checks = Math.abs(latitude) < 0.16 && (Math.floor(latitude * 25) + Math.floor(around * 25)) % 2 === 0;
    const cap = Math.abs(latitude) > 0.25 && Math.floor(around * 16) % 2 === 0;
    return band ? [0.75, 0.42, 0.08] : checks || cap ? [0.015, 0.07, 0.3] : [0.86, 0.85, 0.8];
  },
};

const floor: Material = {
  surface: "glossy",
  roughness: 0.015,
  colour: ([x, , z]) => {
    const warp = fractal(x * 1.3 + 40, z * 1.3 + 40, 5);
    const vein = step(0.1, 0, Math.abs(fractal(x * 0.9 + 3 * warp, z * 0.9 + 9, 5) - 0.5));
    const dark = (Math.floor(x / 0.9 + 0.3) + Math.floor(z / 0.9)) % 2 === 0;
    return dark
      ? blend([0.02, 0.024, 0.035], [0.3, 0.32, 0.34], 0.5 * vein)
      : blend([0.74, 0.7, 0.62], [0.42, 0.36, 0.31], 0.6 * vein);
  },
};

const SPHERES: readonly Sphere[] = [
  { centre: [-0.12, 1, 0.55], radius: 1, material: porcelain },
  { centre: [-1.95, 0.72, 0.35], radius: 0.72, material: plain("metal", [1, 0.7, 0.3], 0.03) },
  { centre: [1.5, 0.64, -0.35], radius: 0.64, material: plain("glass", [0.93, 0.98, 0.96]) },
  { centre: [2.55, 0.9, 1.9], radius: 0.9, material: plain("glossy", [0.01, 0.16, 0.19]) },
  { centre: [0.42, 0.34, -1.25], radius: 0.34, material: plain("glossy", [0.6, 0.015, 0.02]) },
  { centre: [-0.98, 0.27, -1.3], radius: 0.27, material: plain("metal", [0.92, 0.93, 0.95], 0.002) },
  { centre: [-0.42, 0.17, -1.85], radius: 0.17, material: plain("glossy", [0.8, 0.3, 0.01]) },
  { centre: [1.02, 0.15, -1.75], radius: 0.15, material: plain("glossy", [0.13, 0.02, 0.25]) },
  { centre: [-3.4, 0.55, 2.2], radius: 0.55, material: plain("glossy", [0.42, 0.03, 0.09]) },
];

/** Spheres on a marble floor by path tracing: `samples` squared rays for each pixel, linear light, then a filmic curve. */
export function drawScene(width: number, height: number, samples: number): Rgb {
  const random = createRandom(7);
  const data = new Uint8ClampedArray(3 * width * height);
  const eye: Triple = [0.25, 1.75, -6.4];
  const forward = normalise(subtract([0.05, 0.78, 0], eye));
  const right = normalise(cross([0, 1, 0], forward));
  const up = cross(forward, right);
  const focus = 5.6;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum: Triple = [0, 0, 0];
      for (let ray = 0; ray < samples * samples; ray++) {
        const u = (x + ((ray % samples) + random()) / samples - width / 2) / height;
        const v = (height / 2 - y - (Math.floor(ray / samples) + random()) / samples) / height;
        const aim = add(forward, add(scaled(right, 0.72 * u), scaled(up, 0.72 * v)));
        const lens = add(scaled(right, 0.035 * (random() - 0.5)), scaled(up, 0.035 * (random() - 0.5)));
        const direction = normalise(subtract(scaled(aim, focus), lens));
        const light = trace(add(eye, lens), direction, (ray * GOLDEN) % 1, random);
        // Bright rays are clamped, because a single one would show as a speck.
        sum = add(sum, [Math.min(light[0], 6), Math.min(light[1], 6), Math.min(light[2], 6)]);
      }
      for (const channel of sum) data[i++] = 255 * display(channel / samples ** 2);
    }
  }
  return { width, height, data };
}

/** `lot` decides whether the first hit reflects; spread evenly over the rays of a pixel, it leaves less noise. */
function trace(origin: Triple, direction: Triple, lot: number, random: () => number): Triple {
  let light: Triple = [0, 0, 0];
  let carried: Triple = [1, 1, 1];
  let mirrored = true;
  for (let bounce = 0; bounce < MAX_BOUNCES; bounce++) {
    const hit = nearest(origin, direction);
    if (hit === undefined) return add(light, times(carried, sky(direction, mirrored)));
    const fog = 1 - Math.exp(-Math.max(0, hit.distance - 7) / 16);
    light = add(light, scaled(times(carried, HAZE), fog));
    carried = scaled(carried, 1 - fog);

    const { point, normal, material } = hit;
    const colour = material.colour(point, normal);
    const outside = dot(direction, normal) < 0;
    const facing = outside ? normal : scaled(normal, -1);
    const cosine = -dot(direction, facing);
    const reflected = reflect(direction, facing);
    if (material.surface === "glass") {
      const bent = refract(direction, facing, outside ? 1 / 1.5 : 1.5);
      direction = bent === undefined || lot < schlick(cosine, 0.04) ? reflected : bent;
      carried = outside ? carried : times(carried, colour);
    } else if (material.surface === "metal") {
      direction = normalise(add(reflected, scaled(onSphere(random), material.roughness)));
      carried = times(carried, blend(colour, [1, 1, 1], schlick(cosine, 0)));
    } else if (lot < schlick(cosine, 0.045)) {
      direction = normalise(add(reflected, scaled(onSphere(random), material.roughness)));
    } else {
      carried = times(carried, colour);
      const toSun = normalise(add(SUN, scaled(onSphere(random), SUN_SPREAD)));
      const received = Math.max(0, dot(toSun, facing)) * unshaded(point, toSun);
      light = add(light, scaled(times(carried, SUN_LIGHT), received));
      direction = normalise(add(facing, onSphere(random)));
      mirrored = false;
    }
    origin = add(point, scaled(direction, 1e-4));
    lot = random();
  }
  return light;
}

/** The sun itself is left out if its light was counted at the last matt surface. */
function sky([x, y, z]: Triple, withSun: boolean): Triple {
  const height = Math.max(0, y);
  const clear = blend(HAZE, [0.07, 0.2, 0.52], step(-0.04, 0.3, height));
  const [u, v] = [x / (height + 0.14), z / (height + 0.14)];
  const cover = step(0.42, 0.66, fractal(u * 0.9 + 11, v * 0.9 + 5, 6)) * step(0, 0.1, height);
  const clouds = blend(clear, [1.25, 1.08, 0.98], 0.85 * cover);
  const towards = Math.max(0, x * SUN[0] + y * SUN[1] + z * SUN[2]);
  const glow = add(clouds, scaled([1, 0.75, 0.45], 0.25 * towards ** 12));
  return withSun ? add(glow, scaled([30, 27, 22], step(0.9955, 0.998, towards))) : glow;
}

function nearest(origin: Triple, direction: Triple): Hit | undefined {
  let distance = Number.POSITIVE_INFINITY;
  let body: Sphere | undefined;
  for (const sphere of SPHERES) {
    const at = intersect(sphere, origin, direction);
    if (at < distance) [distance, body] = [at, sphere];
  }
  const ground = direction[1] < 0 ? -origin[1] / direction[1] : Number.POSITIVE_INFINITY;
  if (ground > 1e-4 && ground < distance && ground < 200) {
    return {
      point: add(origin, scaled(direction, ground)),
      normal: [0, 1, 0],
      material: floor,
      distance: ground,
    };
  }
  if (body === undefined) return undefined;
  const point = add(origin, scaled(direction, distance));
  return { point, normal: scaled(subtract(point, body.centre), 1 / body.radius), material: body.material, distance };
}

/** 1 in full light, 0 in shadow; glass lets most light through. */
function unshaded(point: Triple, direction: Triple): number {
  let passed = 1;
  for (const sphere of SPHERES) {
    if (intersect(sphere, point, direction) === Number.POSITIVE_INFINITY) continue;
    if (sphere.material.surface !== "glass") return 0;
    passed *= 0.7;
  }
  return passed;
}

function intersect({ centre, radius }: Sphere, origin: Triple, direction: Triple): number {
  const [x, y, z] = [origin[0] - centre[0], origin[1] - centre[1], origin[2] - centre[2]];
  const half = x * direction[0] + y * direction[1] + z * direction[2];
  const discriminant = half * half - (x * x + y * y + z * z - radius * radius);
  if (discriminant < 0) return Number.POSITIVE_INFINITY;
  const root = Math.sqrt(discriminant);
  if (-half - root > 1e-4) return -half - root;
  return -half + root > 1e-4 ? -half + root : Number.POSITIVE_INFINITY;
}

/** Linear light -> sRGB through a filmic curve. @see Narkowicz 2015, "ACES filmic tone mapping curve". */
function display(light: number): number {
  const x = 0.48 * light;
  const film = Math.min(1, (x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14));
  return film <= 0.0031308 ? 12.92 * film : 1.055 * film ** (1 / 2.4) - 0.055;
}

/** Share of the light that is reflected. @see Schlick 1994, eq. 15. */
function schlick(cosine: number, straight: number): number {
  return straight + (1 - straight) * Math.max(0, 1 - cosine) ** 5;
}

function refract(direction: Triple, normal: Triple, ratio: number): Triple | undefined {
  const cosine = -dot(direction, normal);
  const squared = 1 - ratio * ratio * (1 - cosine * cosine);
  if (squared < 0) return undefined;
  return normalise(add(scaled(direction, ratio), scaled(normal, ratio * cosine - Math.sqrt(squared))));
}

function reflect(direction: Triple, normal: Triple): Triple {
  return subtract(direction, scaled(normal, 2 * dot(direction, normal)));
}

function onSphere(random: () => number): Triple {
  const y = 2 * random() - 1;
  const angle = 2 * Math.PI * random();
  const ring = Math.sqrt(1 - y * y);
  return [ring * Math.cos(angle), y, ring * Math.sin(angle)];
}

function add(a: Triple, b: Triple): Triple {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}

function subtract(a: Triple, b: Triple): Triple {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

function times(a: Triple, b: Triple): Triple {
  return [a[0] * b[0], a[1] * b[1], a[2] * b[2]];
}

function scaled(a: Triple, factor: number): Triple {
  return [a[0] * factor, a[1] * factor, a[2] * factor];
}

function dot(a: Triple, b: Triple): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function cross(a: Triple, b: Triple): Triple {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function normalise(a: Triple): Triple {
  return scaled(a, 1 / Math.sqrt(dot(a, a)));
}
