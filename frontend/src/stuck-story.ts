/** What is said of stuck jobs: pure, so that every case can be tested. */
import { NBSP, type Format } from "./format";
import type { Doubt, JobAction, Outcome, OutcomeVerdict, Queue, Snapshot, StuckJob } from "./model";

export type Noun = "photo" | "video" | "file" | "job";
export type Mode = Outcome["mode"];
/** Bytes from which a file may be the reason that its job takes long (a choice). */
const BIG = 100_000_000;

export type ReasonKey = "worker_lost" | "hung" | "orphaned" | "ghost" | "long_running" | "api";

/** In this order they stand on the card: what keeps a worker first. */
export const REASONS: ReasonKey[] = ["worker_lost", "hung", "api", "orphaned", "ghost", "long_running"];

/** What is known of the photo of a job, before and after it was acted on. */
export type Subject = Pick<
  Outcome,
  "queue" | "job_id" | "asset_id" | "file_name" | "path" | "type" | "url" | "thumbnail"
>;

/** What came of a tap. `at`: ms by the server's clock. */
export type Answer = { at: number; age: number | null } & (
  | { is: "outcome"; outcome: OutcomeVerdict; doubt: Doubt | null; mode: Mode; by: "user" | "auto" }
  | { is: "skipped"; reason: string }
  | { is: "error"; message: string }
  | { is: "ignored"; kind: StuckJob["kind"] }
);

export interface Note {
  tone: "neutral" | "info" | "success" | "warning" | "error";
  icon: string;
  verdict: string;
  more: string;
  /** Only a restart helps. */
  restart: boolean;
}

/** What tells a job from others; a later run of it has the same. */
export function idOf(job: { queue: string; job_id: string }): string {
  return `${job.queue}/${job.job_id}`;
}

export function nounOf(of: { asset_id: string | null; type: StuckJob["type"] }): Noun {
  switch (of.type) {
    case "IMAGE":
      return "photo";
    case "VIDEO":
      return "video";
    case null:
      return of.asset_id ? "file" : "job";
    default:
      return "file";
  }
}

export function titleKey(jobs: { asset_id: string | null; type: StuckJob["type"] }[], slow: boolean): string {
  const nouns = new Set(jobs.map(nounOf));
  const noun =
    nouns.size === 0 || (nouns.size === 1 && nouns.has("photo"))
      ? "photos"
      : nouns.has("job")
        ? "jobs"
        : nouns.size === 1 && nouns.has("video")
          ? "videos"
          : "files";
  return `stuck_jobs.title.${slow ? "slow" : "stuck"}_${noun}`;
}

export function reasonKey(job: StuckJob, snapshot: Snapshot): ReasonKey {
  if (snapshot.queues[job.queue]?.worker === false) {
    return "worker_lost";
  }
  return snapshot.source === "api" && job.kind !== "ghost" ? "api" : job.kind;
}

export function reasonText(job: StuckJob, snapshot: Snapshot, format: Format, now: number): string {
  const { words } = format;
  const restart = job.actions.includes("restart") ? "_restart" : "";
  const reason = reasonKey(job, snapshot);
  switch (reason) {
    case "worker_lost":
      return words.text(`stuck_jobs.reason.worker_lost${restart}`);
    case "api":
      return words.text(`stuck_jobs.reason.api${restart}`, {
        time: job.since === null ? "–" : format.time(job.since, now),
      });
    case "hung":
      return restart
        ? words.text("stuck_jobs.reason.hung_stuck_only")
        : words.text(`stuck_jobs.reason.hung.${nounOf(job)}`);
    case "orphaned":
      return words.text(`stuck_jobs.reason.orphaned.${nounOf(job)}`);
    case "ghost":
      return words.text("stuck_jobs.reason.ghost");
    case "long_running": {
      const threshold = format.duration(job.threshold);
      if (job.size === null) {
        return words.text("stuck_jobs.reason.long_running", { threshold });
      }
      const size = format.bytes(job.size);
      return words.text(`stuck_jobs.reason.long_running_${job.size < BIG ? "small" : "size"}`, {
        threshold,
        size,
      });
    }
  }
}

export function reasonOfMany(jobs: StuckJob[], reason: ReasonKey, count: number, format: Format): string {
  const restarts = jobs.some((job) => job.actions.includes("restart"));
  // Where single jobs can't be cleared, a restart is all there is.
  const restart = restarts && ["worker_lost", "api", "hung"].includes(reason) ? "_restart" : "";
  return format.words.text(`stuck_jobs.reason_many.${reason}${restart}`, {
    count,
    shown: format.count(count),
    all: allOf(count, format),
  });
}

/** both, all 3 */
export function allOf(count: number, format: Format): string {
  return count === 2
    ? format.words.text("stuck_jobs.all.two")
    : format.words.text("stuck_jobs.all", { count, shown: format.count(count) });
}

/** A length as it stands after a preposition, which German bends days for. */
export function span(format: Format, seconds: number): string {
  const days = Math.round(seconds / 86_400);
  return days >= 2
    ? format.words
        .text("stuck_jobs.days_after_preposition", { count: days, shown: format.count(days) })
        .replace(" ", NBSP)
    : format.duration(seconds);
}

export function ago(format: Format, seconds: number): string {
  return format.words.text("stuck_jobs.ago", { time: span(format, Math.max(0, seconds)) });
}

export function nameOf(job: Subject & { kind?: StuckJob["kind"] }, format: Format): string {
  if (job.file_name) {
    return job.file_name;
  }
  return job.kind === "ghost"
    ? format.words.text("stuck_jobs.file.ghost")
    : format.words.text("stuck_jobs.file.job", { id: job.job_id });
}

/** The folder of a path: the file's name stands above it. */
export function folderOf(path: string): string {
  const cut = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return cut > 0 ? path.slice(0, cut) : path;
}

export function ageText(job: StuckJob, snapshot: Snapshot, format: Format, now: number): string {
  const reason = reasonKey(job, snapshot);
  const queue = snapshot.queues[job.queue];
  const since = reason === "worker_lost" && queue?.state === "worker_lost" ? queue.state_since : job.since;
  if (since === null) {
    return format.words.text("stuck_jobs.age.unknown");
  }
  const key =
    reason === "api" ? "seen" : reason === "worker_lost" && queue?.state !== "worker_lost" ? "hung" : reason;
  return format.words.text(`stuck_jobs.age.${key}`, {
    time: span(format, Math.max(0, (now - since) / 1000)),
  });
}

export function pastAgeText(answer: Answer, format: Format): string {
  if (answer.age === null) {
    return format.words.text("stuck_jobs.age.was_unknown");
  }
  const key = answer.is === "skipped" && answer.reason === "raced" ? "took" : "was";
  return format.words.text(`stuck_jobs.age.${key}`, { time: format.duration(answer.age) });
}

/** What is missing once the job is gone, and how to get it. */
export function missing(queue: string, snapshot: Snapshot, format: Format): string {
  const known = snapshot.queues[queue];
  const label = known?.label ?? queue;
  const key = `stuck_jobs.missing.${queue}`;
  if (known?.startable !== false && format.words.has(key)) {
    return format.words.text(key, { queue: label });
  }
  return known?.startable
    ? format.words.text("stuck_jobs.missing.startable", { queue: label })
    : format.words.text("stuck_jobs.missing.unplanned");
}

export interface Ask {
  question: string;
  consequence: string;
  yes: string;
  icon: string;
}

export const ICONS: Record<JobAction, string> = {
  clear: "mdi:broom",
  requeue: "mdi:undo-variant",
  clear_and_restart: "mdi:restart",
  restart: "mdi:restart",
  ignore: "mdi:eye-off",
};

function awayText(snapshot: Snapshot, format: Format): string {
  const seconds = snapshot.restart.usual_seconds;
  return seconds === null
    ? format.words.text("stuck_jobs.ask.away_unknown")
    : format.words.text("stuck_jobs.ask.away", { time: format.duration(seconds) });
}

/** What is asked before one job is acted on; null: nothing can be lost. */
export function askAbout(action: JobAction, job: StuckJob, snapshot: Snapshot, format: Format): Ask | null {
  const { words } = format;
  switch (action) {
    case "clear":
      return {
        question: words.text("stuck_jobs.ask.clear"),
        consequence:
          job.kind === "ghost"
            ? words.text("stuck_jobs.missing.ghost")
            : `${words.text(`stuck_jobs.ask.stays.${nounOf(job)}`)} ${missing(job.queue, snapshot, format)}`,
        yes: words.text("stuck_jobs.button.clear"),
        icon: ICONS.clear,
      };
    case "clear_and_restart":
      return askToClearAndRestart(snapshot, format);
    case "restart":
      return askToRestart(snapshot, format);
    default:
      return null;
  }
}

export function askToRestart(snapshot: Snapshot, format: Format): Ask {
  return {
    question: format.words.text("stuck_jobs.ask.restart"),
    consequence: awayText(snapshot, format),
    yes: format.words.text("stuck_jobs.button.restart"),
    icon: ICONS.restart,
  };
}

/** It clears all stuck jobs of this Immich, whichever item was tapped, and is to say so. */
export function askToClearAndRestart(snapshot: Snapshot, format: Format): Ask {
  const count = snapshot.stuck_total;
  return {
    question:
      count === 2
        ? format.words.text("stuck_jobs.ask.clear_both_and_restart")
        : format.words.text("stuck_jobs.ask.clear_and_restart", { count, shown: format.count(count) }),
    consequence: [
      ...whatClearingCosts(stuckQueues(snapshot), snapshot, format),
      awayText(snapshot, format),
    ].join(" "),
    yes: format.words.text("stuck_jobs.button.clear_and_restart"),
    icon: ICONS.clear_and_restart,
  };
}

export function askToClearAll(queues: Queue[], requeues: boolean, snapshot: Snapshot, format: Format): Ask {
  const count = queues.reduce((sum, queue) => sum + queue.stuck, 0);
  return {
    question: format.words.text("stuck_jobs.ask.clear_many", { count, shown: format.count(count) }),
    consequence: whatClearingCosts(queues, snapshot, format).join(" "),
    yes: clearAllLabel(count, requeues, format, false),
    icon: ICONS.clear,
  };
}

export function clearAllLabel(count: number, requeues: boolean, format: Format, asks = true): string {
  const verb = requeues ? "requeue" : "clear";
  if (count === 2) {
    return format.words.text(`stuck_jobs.button.${verb}_both`);
  }
  const key = !requeues && asks && count > 5 ? "clear_all_asks" : `${verb}_all`;
  return format.words.text(`stuck_jobs.button.${key}`, { count: format.count(count) });
}

function whatClearingCosts(queues: Queue[], snapshot: Snapshot, format: Format): string[] {
  const { words } = format;
  const jobs = Object.values(snapshot.stuck).filter((job) =>
    queues.some((queue) => queue.name === job.queue),
  );
  const slow = queues.reduce((sum, queue) => sum + queue.slow, 0);
  const lossy = queues.filter((queue) => queue.startable);
  const said = [words.text("stuck_jobs.ask.stay")];
  const only = jobs.length === 1 && snapshot.stuck_total === 1 ? jobs[0] : undefined;
  if (only) {
    said[0] = words.text(`stuck_jobs.ask.stays.${nounOf(only)}`);
    said.push(missing(only.queue, snapshot, format));
  } else if (lossy.length) {
    said.push(
      words.text("stuck_jobs.missing.many", { queues: format.list(lossy.map((queue) => queue.label)) }),
    );
  } else {
    said.push(words.text("stuck_jobs.missing.many_other"));
  }
  if (slow > 0) {
    said.push(words.text("stuck_jobs.ask.slow_too", { count: slow, shown: format.count(slow) }));
  }
  if (jobs.some((job) => job.kind === "orphaned")) {
    said.push(words.text("stuck_jobs.ask.left_behind"));
  }
  return said;
}

export function stuckQueues(snapshot: Snapshot): Queue[] {
  return snapshot.order
    .map((name) => snapshot.queues[name])
    .filter((queue): queue is Queue => queue !== undefined && queue.stuck > 0);
}

/** What came of it, and never more than was seen. */
export function noteOf(answer: Answer, of: Subject, snapshot: Snapshot, format: Format): Note {
  const { words } = format;
  const queue = snapshot.queues[of.queue];
  const label = queue?.label ?? of.queue;
  switch (answer.is) {
    case "ignored":
      return {
        tone: "neutral",
        icon: answer.kind === "long_running" ? "mdi:clock-outline" : "mdi:eye-off",
        verdict: words.text(`stuck_jobs.outcome.${answer.kind === "long_running" ? "left" : "ignored"}`),
        more: "",
        restart: false,
      };
    case "error":
      return {
        tone: "error",
        icon: "mdi:alert-circle",
        verdict: words.text("card.action_failed"),
        more: answer.message,
        restart: false,
      };
    case "skipped":
      return {
        tone: answer.reason === "raced" || answer.reason === "gone" ? "info" : "neutral",
        icon: "mdi:information-outline",
        verdict: words.text("stuck_jobs.outcome.nothing"),
        more: words.text(`stuck_jobs.skipped.${answer.reason}`),
        restart: false,
      };
    case "outcome":
      break;
  }
  const auto = answer.by === "auto" ? ` ${words.text("stuck_jobs.outcome.by_auto")}` : "";
  const verdict = words.text(`stuck_jobs.outcome.${answer.outcome}.${answer.mode}`);
  switch (answer.outcome) {
    case "confirmed":
      return {
        tone: "success",
        icon: "mdi:check-circle",
        verdict,
        more:
          (answer.mode === "requeue"
            ? words.text("stuck_jobs.outcome.confirmed_requeue")
            : answer.mode === "remove" && of.asset_id
              ? missing(of.queue, snapshot, format)
              : "") + auto,
        restart: false,
      };
    case "slot_lost": {
      if (queue?.lost_slots === 0) {
        return {
          tone: "neutral",
          icon: "mdi:check-circle",
          verdict: words.text("stuck_jobs.outcome.slot_freed"),
          more: words.text("stuck_jobs.outcome.slot_freed_now", { queue: label }) + auto,
          restart: false,
        };
      }
      return {
        tone: "warning",
        icon: "mdi:alert",
        verdict,
        more: slotsText(queue, label, format) + auto,
        restart: true,
      };
    }
    case "unconfirmed": {
      // These two also hide whether it was done at all.
      const certain = answer.doubt !== "redis_lost" && answer.doubt !== "interrupted";
      return {
        tone: "neutral",
        icon: "mdi:help-circle-outline",
        verdict: certain ? verdict : words.text("stuck_jobs.outcome.unknown"),
        more: (answer.doubt ? words.text(`stuck_jobs.doubt.${answer.doubt}`, { queue: label }) : "") + auto,
        restart: false,
      };
    }
    case "failed":
      return {
        tone: "error",
        icon: "mdi:alert-circle",
        verdict: words.text("stuck_jobs.outcome.failed"),
        more: words.text("stuck_jobs.outcome.failed_why") + auto,
        restart: false,
      };
  }
}

/** Face detection continues with 4 of 5 workers until a restart. */
export function slotsText(queue: Queue | undefined, label: string, format: Format): string {
  const { words } = format;
  if (!queue || queue.concurrency === null || !queue.lost_slots) {
    return words.text("stuck_jobs.outcome.slots_unknown");
  }
  // Other stuck jobs hold workers too.
  const left =
    queue.state === "worker_blocked" ? 0 : queue.concurrency - queue.lost_slots - (queue.stuck - queue.slow);
  return left > 0
    ? words.text("stuck_jobs.outcome.slots_left", {
        queue: label,
        left: format.count(left),
        all: format.count(queue.concurrency),
      })
    : words.text("stuck_jobs.outcome.slots_none", { queue: label });
}

/** Keys of the errors of `clear_job` that say why a job was left alone. */
const SKIPPED: Record<string, string> = {
  job_not_stuck: "not_stuck",
  job_no_worker: "no_worker",
  job_held: "live_lock",
  job_only_remove: "only_remove",
  job_blocked: "blocked",
  job_heals_itself: "bullmq_heals",
  job_raced: "raced",
  job_unsupported: "unsupported",
  unknown_job: "gone",
};

export function skippedBy(error: unknown): string | null {
  const key = (error as { translation_key?: string } | null)?.translation_key;
  return (key !== undefined && SKIPPED[key]) || null;
}
