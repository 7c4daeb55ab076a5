import { createEdgeOrtEngine } from "./ort.ts";
import { createWorker } from "./worker.ts";

export default createWorker(createEdgeOrtEngine);
export { JobObject } from "./jobs/job-object.ts";
export { Lease } from "./lease.ts";
