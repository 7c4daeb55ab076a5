import { DurableObject } from "cloudflare:workers";
import { expected } from "../../core/errors.ts";
import { logError } from "../../service/problem.ts";
import { type JobConfig, parseJobConfig } from "./config.ts";
import {
  type Attempt,
  anew,
  attempted,
  begun,
  dispatched,
  isSettled,
  type Job,
  type JobEnd,
  type JobError,
  type JobRequest,
  listsOf,
  newJob,
  postponed,
  replayed,
  settled,
} from "./job.ts";
import { type JobList, jobLists } from "./job-lists.ts";
import { deliver } from "./webhook-delivery.ts";
import { jobEvent } from "./webhook-event.ts";

/** Delay after a failed alarm. The platform gives up after six failures, so ours sets itself again instead. */
const ALARM_RETRY_MS = 30_000;

/**
 * An alarm that is at most this early counts as on time: `wakeAtMs` may be fractional, and an alarm that an alarm sets to
 * its own moment is lost.
 */
const EARLY_MS = 1000;

const KEY = "job";

/** The Worker's bindings that a job needs besides the settings of jobs. */
interface JobEnv {
  readonly RESULTS: R2Bucket;
  readonly JOB_QUEUE: Queue;
}

/**
 * One job. Its record and its alarm are written together, so that after any crash the alarm finds the next thing to do:
 * queue the job, deliver its webhook, forget it.
 */
export class JobObject extends DurableObject<JobEnv> {
  readonly #lists = jobLists(this.env.RESULTS);
  /** The last write of a list entry, which may be in the bucket before this settles. */
  #listing: Promise<void> = Promise.resolve();

  /** Parsed on use: if a wrong setting made the constructor fail, the alarm could not set itself again. */
  get #config(): JobConfig {
    return parseJobConfig(this.env);
  }

  /** Creates the job, or returns the one that was created with this id before. */
  async create(id: string, request: JobRequest): Promise<Job> {
    return this.#load() ?? (await this.#save(newJob(id, request, Date.now())));
  }

  /** Undefined if there is no such job, or no longer. */
  async read(): Promise<Job | undefined> {
    return this.#load();
  }

  /** Begins an attempt and returns what to do; undefined if the job has ended or is in another run by now. */
  async begin(run: number): Promise<JobRequest | undefined> {
    const job = this.#open(run);
    return job && (await this.#save(begun(job, Date.now(), this.#config)));
  }

  /** Notes why an attempt failed; there will be another. */
  async postpone(run: number, error: JobError): Promise<void> {
    const job = this.#open(run);
    if (job !== undefined) await this.#save(postponed(job, error));
  }

  /** Ends a run; the first end counts. */
  async settle(run: number, end: JobEnd): Promise<void> {
    const before = this.#open(run);
    if (before !== undefined && end.state !== "done") await this.#list(end.state, before.id);
    const job = this.#open(run);
    if (job !== undefined) await this.#save(settled(job, end, Date.now(), this.#config));
  }

  /** The job as {@link replayed} leaves it, or {@link anew} if its result is gone, and whether that has changed it. */
  async replay(): Promise<{ job: Job; isReplayed: boolean } | undefined> {
    const job = this.#load();
    if (job === undefined) return undefined;
    let next = replayed(job, Date.now());
    if (next !== undefined) await this.#save(next);
    if (!(await this.#isReadable(job))) {
      const now = this.#load();
      if (now?.run === job.run) next = await this.#save(anew(now, Date.now()));
    }
    await this.#lists.remove(job.id);
    // The new run or delivery may have failed, and been listed, before the old entry was removed.
    await this.#listing.catch(() => {});
    for (const list of listsOf(this.#load() ?? job)) await this.#lists.add(list, job.id);
    return { job: next ?? job, isReplayed: next !== undefined };
  }

  override async alarm(): Promise<void> {
    const job = this.#load();
    if (job === undefined) return;
    // The job has changed since the alarm was set, or the platform repeats an alarm.
    if (job.wakeAtMs > Date.now() + EARLY_MS) return await this.ctx.storage.setAlarm(job.wakeAtMs);
    try {
      if (!isSettled(job)) await this.#dispatch(job);
      else if (job.delivery?.state === "pending") await this.#deliver(job);
      else await this.#forget(job);
    } catch (cause) {
      logError(job.id, cause);
      await this.ctx.storage.setAlarm(Date.now() + ALARM_RETRY_MS);
    }
  }

  async #dispatch({ id, run }: Job): Promise<void> {
    const config = this.#config;
    await this.env.JOB_QUEUE.send({ job: id, run });
    const job = this.#open(run);
    if (job !== undefined) await this.#save(dispatched(job, Date.now(), config));
  }

  async #deliver(job: Job): Promise<void> {
    const attempt = (await this.#isReadable(job)) ? await this.#tell(job) : {};
    const isCurrent = () => this.#load()?.run === job.run;
    if (!isCurrent()) return;
    const next = attempted(job, attempt, { nowMs: Date.now(), random: Math.random, config: this.#config });
    if (next.delivery?.state === "exhausted") await this.#list("undelivered", job.id);
    if (isCurrent()) await this.#save(next);
  }

  /** Whether the result, if any, can be fetched: no webhook announces one that cannot. */
  async #isReadable({ result }: Job): Promise<boolean> {
    return result === undefined || (await this.env.RESULTS.head(result.key)) !== null;
  }

  async #tell(job: Job): Promise<Attempt> {
    if (job.callback === undefined) return {};
    const { signing, webhookKeys: keys } = this.#config;
    if (keys.length === 0) {
      // The keys were removed after the job was accepted. A receiver would refuse an unsigned webhook, perhaps with a 410.
      logError(job.id, new TypeError(expected("a key that signs webhooks", "WEBHOOK_KEYS", "")));
      return {};
    }
    return await deliver(await jobEvent(job, signing), job.callback, { keys, nowMs: Date.now(), job: job.id });
  }

  async #forget({ id, run }: Job): Promise<void> {
    await this.#lists.remove(id);
    const now = this.#load();
    if (now?.run === run && now.delivery?.state !== "pending") await this.ctx.storage.deleteAll();
  }

  /** Called before the record changes: a crash in between leaves an entry too many, never one too few. */
  async #list(list: JobList, id: string): Promise<void> {
    this.#listing = this.#lists.add(list, id);
    await this.#listing;
  }

  #load(): Job | undefined {
    return this.ctx.storage.kv.get<Job>(KEY);
  }

  /** The job, if this run of it has not ended. */
  #open(run: number): Job | undefined {
    const job = this.#load();
    return job?.run === run && !isSettled(job) ? job : undefined;
  }

  /** Nothing may be awaited between `put` and `setAlarm`, so that they are one write. */
  async #save(job: Job): Promise<Job> {
    this.ctx.storage.kv.put(KEY, job);
    await this.ctx.storage.setAlarm(job.wakeAtMs);
    return job;
  }
}
