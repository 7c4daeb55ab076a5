import { createEdgeSimdEngine } from "./simd.ts";
import { createWorker } from "./worker.ts";

export default createWorker(createEdgeSimdEngine);
export { JobObject } from "./jobs/job-object.ts";
export { Lease } from "./lease.ts";
