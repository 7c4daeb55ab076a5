import { Lease } from "./lease.ts";
import { createEdgeOrtEngine } from "./ort.ts";
import { createWorker } from "./worker.ts";

export default createWorker(createEdgeOrtEngine);
export { Lease };
