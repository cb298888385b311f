import type { Notice, RowAct } from "./elements/queue-row";
import type { Format } from "./format";
import type { OutcomeVerdict } from "./model";

interface Answer {
  queues?: Record<
    string,
    {
      count?: number;
      started?: boolean;
      jobs?: { mode: string; outcome: OutcomeVerdict }[];
      skipped?: unknown[];
    }
  >;
  confirmed?: boolean;
  seconds?: number;
  still_paused?: string[];
}

/** What an action answered, in words; null: what it did shows itself. */
export function resultOf(
  action: RowAct["action"],
  answer: unknown,
  queue: string,
  format: Format,
  labelOf: (queue: string) => string,
): Notice | null {
  const { queues, confirmed, seconds, still_paused: stillPaused } = answer as Answer;
  const own = queues?.[queue];
  const t = (key: string, values = {}) => format.words.text(`queues.result.${key}`, values);
  const count = (key: string, of: number) => t(key, { count: of, shown: format.count(of) });
  const done = own?.count;
  const skipped = own?.skipped?.length ?? 0;

  switch (action) {
    case "retry_failed":
      if (done === undefined) {
        break;
      }
      return {
        tone: skipped ? "warning" : "success",
        text: [count("retry_failed", done), ...(skipped ? [count("retry_skipped", skipped)] : [])].join(" "),
      };
    case "clear_failed":
    case "clear_waiting":
      if (done === undefined) {
        break;
      }
      return { tone: "success", text: count(action, done) };
    case "run_queue":
      return own?.started === false
        ? { tone: "warning", text: t("not_started") }
        : { tone: "success", text: t("run_queue") };
    case "clear_stuck":
      if (!own?.jobs) {
        break;
      }
      return clearedNotice(own.jobs, skipped, count, t);
    case "restart_workers": {
      if (confirmed === undefined) {
        break;
      }
      const text = [
        confirmed ? t("restarted", { time: format.duration(seconds ?? 0) }) : t("restart_unconfirmed"),
      ];
      if (stillPaused?.length) {
        text.push(t("still_paused", { queues: format.list(stillPaused.map(labelOf)) }));
      }
      return { tone: confirmed && !stillPaused?.length ? "success" : "warning", text: text.join(" ") };
    }
    case "pause":
    case "resume":
    case "wake":
      return null;
  }
  // Accepted, and nothing more is known of it.
  return { tone: "info", text: t("done") };
}

function clearedNotice(
  jobs: { mode: string; outcome: OutcomeVerdict }[],
  skipped: number,
  count: (key: string, of: number) => string,
  t: (key: string) => string,
): Notice {
  const confirmed = jobs.filter(({ outcome }) => outcome === "confirmed");
  const requeued = confirmed.filter(({ mode }) => mode === "requeue").length;
  const amounts = {
    cleared: confirmed.length - requeued,
    requeued,
    slot_lost: jobs.filter(({ outcome }) => outcome === "slot_lost").length,
    unconfirmed: jobs.filter(({ outcome }) => outcome === "unconfirmed").length,
    failed: jobs.filter(({ outcome }) => outcome === "failed").length,
    skipped,
  };
  const sentences = Object.entries(amounts).flatMap(([key, of]) => (of > 0 ? [count(key, of)] : []));
  if (!sentences.length) {
    return { tone: "info", text: t("nothing_stuck") };
  }
  const good = confirmed.length > 0 && confirmed.length === jobs.length && skipped === 0;
  return { tone: good ? "success" : "warning", text: sentences.join(" ") };
}
