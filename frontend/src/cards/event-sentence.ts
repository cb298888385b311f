import type { Tone } from "../elements/icon-tile";
import type { Format } from "../format";
import type { HistoryEvent } from "../model";

export interface Sentence {
  icon: string;
  tone: Tone;
  title: string;
  details: string[];
}

const LOOKS: Record<string, [icon: string, tone: Tone]> = {
  job_stuck: ["alert", "warning"],
  job_recovered: ["check-circle-outline", "success"],
  job_cleared: ["check-circle", "success"],
  job_requeued: ["undo-variant", "success"],
  job_failed: ["close-circle-outline", "neutral"],
  job_ignored: ["eye-off", "neutral"],
  heal_unconfirmed: ["account-lock", "warning"],
  worker_lost: ["account-off", "error"],
  worker_back: ["account-hard-hat-outline", "success"],
  queue_finished: ["check", "success"],
  queue_paused: ["pause", "neutral"],
  queue_resumed: ["play", "primary"],
  workers_restarted: ["restart", "primary"],
  restart_failed: ["restart-alert", "error"],
  restart_unconfirmed: ["restart-alert", "warning"],
  gpu_wake: ["power", "neutral"],
  gpu_ready: ["desktop-tower", "primary"],
  gpu_wake_failed: ["power-plug-off-outline", "error"],
  gpu_sleep: ["power-sleep", "neutral"],
  gpu_sleep_failed: ["power-plug-outline", "warning"],
  jobs_burnt: ["alert-circle", "error"],
};

/** How things are called now; what is gone has no name any more. */
export interface Names {
  queue(name: string): string | undefined;
  host(id: string): string | undefined;
}

/** A pause names its owner by its icon too. */
const PAUSES: Record<string, string> = {
  by_hand: "hand-back-right",
  user: "timer-outline",
  gpu_offline: "power-sleep",
};

const ACTS = ["job_cleared", "job_requeued", "job_failed"];

/** Reasons of a GPU host's events that only repeat what happened. */
const NO_NEWS = ["wake", "ready", "wake_failed", "sleep"];

/** What happened, in one line, and what there is to add. */
export function sentence(event: HistoryEvent, format: Format, names: Names): Sentence {
  const [icon, tone] = look(event);
  return {
    icon: `mdi:${icon}`,
    tone,
    title: title(event, format, names),
    details: details(event, format, names).filter((text): text is string => Boolean(text)),
  };
}

/** An act in doubt is kept twice, as done and as in doubt: one line says both. */
export function withoutRepeats(events: HistoryEvent[]): HistoryEvent[] {
  const run = ({ queue, job_id, at }: HistoryEvent) => JSON.stringify([queue, job_id, at]);
  const acts = new Set(events.filter(({ type }) => ACTS.includes(type)).map(run));
  return events.filter((event) => event.type !== "heal_unconfirmed" || !acts.has(run(event)));
}

function look(event: HistoryEvent): [string, Tone] {
  if (ACTS.includes(event.type)) {
    if (event.outcome === "failed") {
      return ["close-circle-outline", "neutral"];
    }
    if (event.outcome === "slot_lost" || event.outcome === "unconfirmed") {
      return [event.type === "job_requeued" ? "undo-variant" : "broom", "warning"];
    }
  }
  if (event.type === "queue_paused" && event.reason && PAUSES[event.reason]) {
    return [PAUSES[event.reason]!, "neutral"];
  }
  return LOOKS[event.type] ?? ["information-outline", "neutral"];
}

function title(event: HistoryEvent, format: Format, names: Names): string {
  const { words } = format;
  const key = `history.events.${event.type}`;
  const queue = queueName(event, names);
  if (!words.has(key)) {
    return readable(event.type);
  }
  if (event.type === "jobs_burnt") {
    return event.jobs === null
      ? words.text(`${key}.unknown`)
      : words.text(`${key}.${event.at_least ? "at_least" : "exactly"}`, {
          count: event.jobs,
          shown: format.count(event.jobs),
        });
  }
  if (ACTS.includes(event.type) || event.type === "heal_unconfirmed") {
    const outcome = event.outcome ?? "done";
    return words.text(words.has(`${key}.${outcome}`) ? `${key}.${outcome}` : `${key}.done`);
  }
  if (words.has(`${key}.queue`)) {
    return queue ? words.text(`${key}.queue`, { queue }) : words.text(`${key}.unknown`);
  }
  return words.text(key, { host: hostName(event, names) ?? words.text("history.gpu_box") });
}

function details(event: HistoryEvent, format: Format, names: Names): (string | null)[] {
  const { words } = format;
  const queue = queueName(event, names);
  const why = reason(event, format);
  switch (event.type) {
    case "queue_finished":
      return [finished(event, format)];
    case "worker_lost":
      return [words.text("history.nobody_works")];
    case "worker_back":
    case "queue_resumed":
      // Its reason is why it was paused.
      return [by(event, format)];
    case "queue_paused":
      return [why ?? by(event, format)];
    case "jobs_burnt":
      return [queue, hostName(event, names), why];
    case "gpu_ready":
      return [
        event.duration === null
          ? null
          : words.text("history.started_in", {
              time: format.duration(event.duration),
            }),
        why,
      ];
    case "workers_restarted":
    case "restart_unconfirmed":
      return [
        event.duration === null
          ? null
          : words.text("history.took", {
              time: format.duration(event.duration),
            }),
        why,
      ];
    case "job_stuck":
      return [
        event.file_name ?? words.text("history.no_file"),
        queue,
        event.age === null ? null : words.text("history.active_for", { time: format.duration(event.age) }),
        event.kind && words.has(`history.kinds.${event.kind}`)
          ? words.text(`history.kinds.${event.kind}`)
          : null,
        why,
      ];
    case "job_cleared":
    case "job_requeued":
    case "job_failed":
    case "heal_unconfirmed":
    case "job_ignored":
      return [
        event.file_name ?? words.text("history.no_file"),
        queue,
        event.age === null
          ? null
          : words.text("history.was_active_for", {
              time: format.duration(event.age),
            }),
        event.outcome === "unconfirmed" && event.doubt && words.has(`history.doubts.${event.doubt}`)
          ? words.text(`history.doubts.${event.doubt}`)
          : null,
        // Who did it says as much as that it was asked for.
        event.reason === "asked" && event.by ? null : why,
        by(event, format),
      ];
    default:
      return [
        event.file_name,
        queue,
        event.jobs === null
          ? null
          : words.text("history.jobs", {
              count: event.jobs,
              shown: format.count(event.jobs),
            }),
        why,
        by(event, format),
      ];
  }
}

/** `label` is the queue's, or that of the host where there is one. */
function queueName({ queue, label, host }: HistoryEvent, names: Names): string | null {
  return queue === null ? null : (names.queue(queue) ?? (host ? queue : (label ?? queue)));
}

function hostName({ queue, label, host }: HistoryEvent, names: Names): string | null {
  return host === null ? null : (names.host(host) ?? (queue === null ? label : null));
}

function finished(event: HistoryEvent, format: Format): string | null {
  const { jobs, duration } = event;
  if (jobs === null) {
    return duration === null ? null : format.words.text("history.took", { time: format.duration(duration) });
  }
  const count = format.words.text("history.jobs", {
    count: jobs,
    shown: format.count(jobs),
  });
  if (duration === null) {
    return count;
  }
  const text = format.words.text("history.jobs_in", {
    jobs: count,
    time: format.duration(duration),
  });
  const rate = duration >= 60 ? format.rate((jobs * 60) / duration) : null;
  return rate ? `${text} · ${rate}` : text;
}

function by(event: HistoryEvent, format: Format): string | null {
  return event.by ? format.words.text(`history.by.${event.by}`) : null;
}

function reason(event: HistoryEvent, format: Format): string | null {
  if (!event.reason || NO_NEWS.includes(event.reason)) {
    return null;
  }
  const key = `history.reasons.${event.reason}`;
  return format.words.has(key) ? format.words.text(key) : readable(event.reason);
}

/** Of an event or a reason that this frontend is too old for. */
function readable(text: string): string {
  if (!/^[a-z0-9_]+$/.test(text)) {
    return text;
  }
  const spaced = text.replaceAll("_", " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
