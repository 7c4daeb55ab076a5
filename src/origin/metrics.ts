import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

const SECONDS = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60];

/** The metrics for Prometheus; docs/deploy.md says what to watch. */
export function createMetrics({ queueTiles }: { readonly queueTiles: () => number }) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const metrics = {
    info: new Gauge({
      name: "ssiu_origin_info",
      help: "1 once the models are loaded: where the network runs, and the version of the results",
      labelNames: ["provider", "pipeline"],
      registers,
    }),
    requests: new Histogram({
      name: "ssiu_origin_request_seconds",
      help: "Time of a request for a picture, by status",
      labelNames: ["status"],
      buckets: SECONDS,
      registers,
    }),
    errors: new Counter({
      name: "ssiu_origin_errors_total",
      help: "Requests that ended with an error, by its code",
      labelNames: ["code"],
      registers,
    }),
    steps: new Histogram({
      name: "ssiu_origin_step_seconds",
      help: "Time of the steps of a picture: decode, upscale (waiting included), encode",
      labelNames: ["step"],
      buckets: SECONDS,
      registers,
    }),
    batches: new Histogram({
      name: "ssiu_origin_batch_seconds",
      help: "Time of one run of the network",
      buckets: SECONDS,
      registers,
    }),
    running: new Gauge({
      name: "ssiu_origin_running_requests",
      help: "Requests for pictures that are not answered",
      registers,
    }),
    tiles: new Counter({ name: "ssiu_origin_tiles_total", help: "Tiles through the network", registers }),
    pixels: new Counter({
      name: "ssiu_origin_tile_pixels_total",
      help: "Input pixels through the network, halo included",
      registers,
    }),
  };
  new Gauge({
    name: "ssiu_origin_queue_tiles",
    help: "Tiles of admitted requests that are not done",
    registers,
    collect() {
      this.set(queueTiles());
    },
  });
  return { ...metrics, registry };
}

export type Metrics = ReturnType<typeof createMetrics>;
