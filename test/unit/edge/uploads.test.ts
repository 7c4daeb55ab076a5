import { expect, it } from "vitest";
import type { JobRequest } from "../../../src/edge/jobs/job.ts";
import type { JobObject } from "../../../src/edge/jobs/job-object.ts";
import { makeUploadJobs } from "../../../src/edge/jobs/uploads.ts";

// Which events make which jobs; what becomes of them is tested in workerd (test/edge/jobs-faults.test.ts).

const EVENT = { action: "PutObject", bucket: "sources", object: { key: "a.png", eTag: "1" }, eventTime: "2026-11-24" };
const RULE = { prefix: "", ops: ["x2"], callback: "https://example.com/" };

/** The jobs that these events create, by id. */
async function jobsOf(events: unknown[], uploadRules = [RULE]): Promise<Map<string, JobRequest>> {
  const made = new Map<string, JobRequest>();
  const getByName = () => ({ create: async (id: string, request: JobRequest) => void made.set(id, request) });
  // A fake of only what is used.
  const jobs = { getByName } as unknown as DurableObjectNamespace<JobObject>;
  for (const event of events) await makeUploadJobs(event, { uploadRules, jobs });
  return made;
}

it.each([
  ["bucket", { bucket: "others" }],
  ["key", { object: { ...EVENT.object, key: "b.png" } }],
  ["version", { object: { ...EVENT.object, eTag: "2" } }],
  ["time", { eventTime: "2026-11-25" }],
])("an upload of another %s makes another job, the same upload does not", async (_, other) => {
  expect(await jobsOf([EVENT, EVENT])).toHaveProperty("size", 1);
  expect(await jobsOf([EVENT, { ...EVENT, ...other }])).toHaveProperty("size", 2);
});

it.each([
  ["other ops", { ops: ["x3"] }],
  ["another callback", { callback: "https://example.com/other" }],
])("a rule with %s makes another job, the same rule does not", async (_, other) => {
  expect(await jobsOf([EVENT], [RULE, RULE])).toHaveProperty("size", 1);
  expect(await jobsOf([EVENT], [RULE, { ...RULE, ...other }])).toHaveProperty("size", 2);
});

it.each([
  ["PutObject", 1],
  ["CopyObject", 1],
  ["CompleteMultipartUpload", 1],
  ["DeleteObject", 0],
  ["LifecycleDeletion", 0],
])("%s makes %i jobs", async (action, jobs) => {
  expect(await jobsOf([{ ...EVENT, action }])).toHaveProperty("size", jobs);
});
