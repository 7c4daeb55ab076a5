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

/** The platform gives an alarm up after six failures; ours sets itself again instead. */
const ALARM_RETRY_MS = 30_000;

/**
 * What comes so much before its time comes at its time: it is no whole number of milliseconds, and an alarm that an alarm sets to
 * its own moment is lost.
 */
const EARLY_MS = 1000;

const KEY = "job";

/** What it needs of the Worker's bindings, beside the settings of jobs. */
interface JobEnv {
  readonly RESULTS: R2Bucket;
  readonly JOB_QUEUE: Queue;
}

/**
 * One job. Its record and the alarm that acts on it are written together, so that whatever dies in between, the
 * alarm finds the next thing to do: put the job into the queue, deliver its webhook, forget it.
 */
export class JobObject extends DurableObject<JobEnv> {
  readonly #lists = jobLists(this.env.RESULTS);
  /** The last entry, which the store may have before we know. */
  #listing: Promise<void> = Promise.resolve();

  /** With a wrong setting an object that reads it to begin with would not come to set its alarm again. */
  get #config(): JobConfig {
    return parseJobConfig(this.env);
  }

  /** Makes the job, or answers the one that was made by this id before. */
  async create(id: string, request: JobRequest): Promise<Job> {
    return this.#load() ?? (await this.#save(newJob(id, request, Date.now())));
  }

  /** Undefined where there is no such job, or no longer. */
  async read(): Promise<Job | undefined> {
    return this.#load();
  }

  /** What to do; undefined where it is done, or the run is another by now. */
  async begin(run: number): Promise<JobRequest | undefined> {
    const job = this.#open(run);
    return job && (await this.#save(begun(job, Date.now(), this.#config)));
  }

  /** Notes why an attempt failed that will be repeated. */
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

  /** The job as {@link replayed} leaves it, or {@link anew} where its result is gone; and whether that has changed it. */
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
    // The new run, or delivery, may have failed before the old one's entry was gone.
    await this.#listing.catch(() => {});
    for (const list of listsOf(this.#load() ?? job)) await this.#lists.add(list, job.id);
    return { job: next ?? job, isReplayed: next !== undefined };
  }

  override async alarm(): Promise<void> {
    const job = this.#load();
    if (job === undefined) return;
    // The job has changed since the alarm was set, or the platform repeats one that was heard.
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

  /** Nobody is told of a result that is not there to be fetched. */
  async #isReadable({ result }: Job): Promise<boolean> {
    return result === undefined || (await this.env.RESULTS.head(result.key)) !== null;
  }

  async #tell(job: Job): Promise<Attempt> {
    if (job.callback === undefined) return {};
    const { signing, webhookKeys: keys } = this.#config;
    if (keys.length === 0) {
      // They were taken away since the job was taken. A receiver would refuse what nobody has signed, and may say so for good.
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

  /** Before the record says so: what dies in between leaves an entry too many, never one too few. */
  async #list(list: JobList, id: string): Promise<void> {
    this.#listing = this.#lists.add(list, id);
    await this.#listing;
  }

  #load(): Job | undefined {
    return this.ctx.storage.kv.get<Job>(KEY);
  }

  /** The job, if it still waits for the end of this run. */
  #open(run: number): Job | undefined {
    const job = this.#load();
    return job?.run === run && !isSettled(job) ? job : undefined;
  }

  /** Nothing may be awaited between the two: they are one write. */
  async #save(job: Job): Promise<Job> {
    this.ctx.storage.kv.put(KEY, job);
    await this.ctx.storage.setAlarm(job.wakeAtMs);
    return job;
  }
}
