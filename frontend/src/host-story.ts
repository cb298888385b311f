/** What is said of a GPU host: verdict, reason, what happens next and when. Pure, so that every state can be tested. */
import type { Tone } from "./elements/icon-tile";
import { isBusy, type Format } from "./format";
import type { GpuHost, Queue } from "./model";
import { ago, span } from "./stuck-story";

export interface Bar {
  /** 0 to 1 */
  part: number;
  start: string;
  end: string;
  tone: "primary" | "neutral";
}

export interface HostButton {
  id: "wake" | "sleep" | "repairs";
  label: string;
  icon: string;
  main: boolean;
}

export interface HostStory {
  icon: string;
  tone: Tone;
  verdict: string;
  reason: string;
  /** Bad news, said beside the state. */
  warning: string | null;
  facts: { label: string; value: string }[];
  checks: { text: string; value?: string }[];
  bar: Bar | null;
  buttons: HostButton[];
  /** The day is worth a look where nothing else is to be watched. */
  day: boolean;
}

const DAY = 86_400_000;

export function hostStory(
  host: GpuHost,
  queues: Record<string, Queue>,
  format: Format,
  now: number,
): HostStory {
  const t = (key: string, values: Record<string, string | number> = {}) =>
    format.words.text(`gpu_host.${key}`, values);
  const many = (key: string, count: number, values: Record<string, string | number> = {}) =>
    t(key, { ...values, count, shown: format.count(count) });
  const button = (id: HostButton["id"], key: string, icon: string, main = false): HostButton => ({
    id,
    label: t(`button.${key}`),
    icon,
    main,
  });
  const wake = (key: string, main: boolean, icon = "mdi:power") =>
    host.can_wake ? [button("wake", key, icon, main)] : [];
  const sleep = (key: string, icon = "mdi:sleep") =>
    host.can_switch_off ? [button("sleep", key, icon)] : [];
  const time = (at: number) => format.time(at, now);
  const since = (at: number) => Math.max(0, (now - at) / 1000);
  const said = (...parts: (string | null | undefined | false)[]) => parts.filter(Boolean).join(" ");
  const reason = host.reason ? t(`reason.${host.reason}`) : null;
  const story = (changes: Partial<HostStory> & Pick<HostStory, "icon" | "verdict">): HostStory => ({
    tone: "primary",
    reason: "",
    warning: troubleOf(host, t),
    facts: [],
    checks: [],
    bar: null,
    buttons: [],
    day: false,
    ...changes,
  });
  /** How far a wait with a limit is; the limit is told, not promised. */
  const wait = (from: number | null, usual: number | null, usually: string, limit: string): Bar | null => {
    if (from === null) {
      return null;
    }
    const gone = since(from);
    const most = host.deadline === null ? null : (host.deadline - from) / 1000;
    const whole = usual ?? most;
    if (whole === null || whole <= 0) {
      return null;
    }
    return {
      part: Math.min(1, gone / whole),
      start: format.duration(gone),
      end: t(`bar.${usual === null ? limit : usually}`, { time: format.duration(whole) }),
      tone: "primary",
    };
  };

  const skipped = skippedText(host, queues, format);
  const makeUpLater = skipped ? [button("repairs", "make_up", "mdi:auto-fix", false)] : [];
  if (host.lost) {
    const makeUp = Object.keys(host.skipped).length > 0;
    return story({
      icon: "mdi:lan-disconnect",
      tone: "error",
      verdict: t("verdict.lost"),
      reason: said(
        host.since === null ? t("why.lost") : t("why.lost_at", { time: time(host.since) }),
        skipped,
        pausedText(host, queues, t),
      ),
      warning: null,
      buttons: [
        ...(makeUp ? [button("repairs", "make_up", "mdi:auto-fix", true)] : []),
        ...wake("wake", !makeUp),
      ],
      day: true,
    });
  }
  switch (host.state) {
    case "off": {
      if (host.since === null && host.online === null) {
        return story({
          icon: "mdi:help",
          tone: "neutral",
          verdict: t("verdict.unknown"),
          reason: t("why.unknown"),
          buttons: wake("wake", false),
        });
      }
      const backlog = host.backlog;
      const wakeless = host.can_wake ? null : t("why.cannot_wake");
      const base = { tone: "neutral" as const, day: true, icon: "mdi:moon-waning-crescent" };
      if (host.hold === "off") {
        return story({
          ...base,
          verdict: t("verdict.off_by_hand"),
          reason: said(
            backlogText(backlog, many, t),
            t("why.off_by_hand"),
            pausedText(host, queues, t),
            skipped,
          ),
          buttons: [...wake("wake", true), ...makeUpLater],
        });
      }
      if (!host.automatic) {
        return story({
          ...base,
          verdict: backlog ? many("verdict.off_waiting", backlog) : t("verdict.off"),
          reason: said(
            !backlog && backlogText(backlog, many, t),
            t("why.manual"),
            pausedText(host, queues, t),
            wakeless,
            skipped,
          ),
          buttons: [...wake("wake", true), ...makeUpLater],
        });
      }
      if (backlog && host.allowed_at !== null && host.allowed_at > now) {
        const window = host.allowed_from && host.allowed_to;
        return story({
          ...base,
          icon: "mdi:weather-night",
          verdict: t("verdict.off_until", { time: time(host.allowed_at) }),
          reason: said(
            many("why.waiting", backlog),
            window
              ? t("why.may_run", { from: host.allowed_from as string, to: host.allowed_to as string })
              : t("why.not_before"),
            pausedText(host, queues, t),
            reason,
            skipped,
          ),
          facts: [
            { label: t("fact.wakes_in"), value: format.duration((host.allowed_at - now) / 1000) },
            ...needs(host, format, t("fact.needs")),
          ],
          buttons: [...wake("wake_anyway", false), ...makeUpLater],
        });
      }
      const least = host.wake_backlog;
      const latest = host.wake_at_latest;
      const bar: Bar | null =
        backlog !== null && least > 0 && (backlog > 0 || latest !== null)
          ? {
              part: Math.min(1, backlog / least),
              start: many("bar.of_jobs", least, { done: format.count(backlog) }),
              end: latest === null ? "" : t("bar.latest", { time: time(latest) }),
              tone: "neutral",
            }
          : null;
      return story({
        ...base,
        verdict: backlog ? many("verdict.off_waiting", backlog) : t("verdict.off"),
        reason: said(
          !backlog && backlogText(backlog, many, t),
          host.can_wake &&
            (least > 0 && latest !== null
              ? many("why.wakes_at_or", least, { time: time(latest) })
              : least > 0
                ? many("why.wakes_at", least)
                : latest !== null && t("why.wakes_latest", { time: time(latest) })),
          pausedText(host, queues, t),
          reason,
          wakeless,
          skipped,
        ),
        bar,
        buttons: [...wake("wake", backlog !== 0), ...makeUpLater],
      });
    }
    case "waking":
      return story({
        icon: "mdi:power",
        verdict: t("verdict.waking"),
        reason:
          host.signalled_at === null
            ? t("why.signalling")
            : many("why.signal", host.tries, {
                of: format.count(Math.max(host.wake_retries, host.tries)),
                ago: ago(format, since(host.signalled_at)),
              }),
        bar: wait(host.signalled_at ?? host.since, null, "usually", "next_try"),
        buttons: sleep("stop", "mdi:close"),
      });
    case "booting":
      return story({
        icon: "mdi:rocket-launch",
        verdict: t("verdict.booting"),
        reason: said(
          host.usual_boot === null
            ? t("why.booting")
            : t("why.booting_usual", { time: format.duration(host.usual_boot) }),
          host.tries > 1 &&
            host.signalled_at !== null &&
            many("why.signal", host.tries, {
              of: format.count(Math.max(host.wake_retries, host.tries)),
              ago: ago(format, since(host.signalled_at)),
            }),
        ),
        bar: wait(host.signalled_at ?? host.since, host.usual_boot, "usually", "limit"),
        buttons: sleep("stop", "mdi:close"),
      });
    case "working": {
      const backlog = host.backlog;
      const offline = host.online === false;
      return story({
        icon: offline ? "mdi:lan-disconnect" : "mdi:desktop-tower",
        tone: offline ? "warning" : "primary",
        verdict: t(offline ? "verdict.not_responding" : "verdict.working"),
        reason: said(backlog === null && t("why.backlog_unknown"), keptText(host, t), reason, skipped),
        facts: [
          ...(backlog === null ? [] : [{ label: t("fact.jobs_left"), value: format.count(backlog) }]),
          ...needs(host, format, t("fact.needs_now")),
          ...(host.automatic && host.hold !== "by_hand" && host.can_switch_off && !host.trouble
            ? [
                {
                  label: t("fact.then_off_after"),
                  value: t("fact.idle", { time: format.duration(host.idle_time) }),
                },
              ]
            : []),
        ],
        buttons: [...sleep("finish"), ...makeUpLater],
        day: true,
      });
    }
    case "ready": {
      const offline = host.online === false;
      const off = host.goes_off_at;
      const idle = host.idle_since === null ? null : since(host.idle_since);
      const left = off === null ? null : (off - now) / 1000;
      const held = host.reason !== null || host.trouble !== null || !host.can_switch_off;
      const counting = left !== null && idle !== null && !held && !offline;
      return story({
        icon: offline ? "mdi:lan-disconnect" : "mdi:coffee-outline",
        tone: offline ? "warning" : "primary",
        verdict: offline
          ? t("verdict.not_responding")
          : !counting
            ? t("verdict.ready")
            : left > 0
              ? t("verdict.ready_off_in", { time: format.duration(left) })
              : t("verdict.ready_going_off"),
        reason: said(
          idle === null || host.reason === "other_instance_works"
            ? !host.reason && (host.backlog === 0 ? t("why.idle") : backlogText(host.backlog, many, t))
            : t("why.idle_for", { time: span(format, idle) }),
          keptText(host, t),
          reason,
          skipped,
        ),
        bar:
          counting && idle !== null
            ? {
                part: Math.min(1, idle / Math.max(1, idle + Math.max(0, left))),
                start: t("bar.without_work", { time: format.duration(idle) }),
                end: t("bar.off_at", { time: format.duration(idle + Math.max(0, left)) }),
                tone: "primary",
              }
            : null,
        buttons: [
          ...(counting ? wake("stay", false, "mdi:clock-outline") : []),
          ...sleep("sleep"),
          ...makeUpLater,
        ],
        day: !counting,
      });
    }
    case "draining": {
      const active = host.active;
      return story({
        icon: "mdi:progress-clock",
        verdict: active ? many("verdict.draining", active) : t("verdict.draining_unknown"),
        reason: said(t("why.draining"), !!host.backlog && many("why.waiting", host.backlog), reason),
        bar: wait(host.since, null, "usually", "limit"),
        buttons: wake("stay", false),
      });
    }
    case "shutting_down":
      return story({
        icon: "mdi:power-sleep",
        verdict: t("verdict.shutting_down"),
        reason: said(t("why.shutting_down"), !!host.backlog && many("why.waiting", host.backlog)),
        bar: wait(host.since, null, "usually", "limit"),
        buttons: wake("stay", false),
      });
    case "wake_failed":
      return story({
        icon: "mdi:alert-circle",
        tone: "error",
        verdict: t("verdict.wake_failed"),
        warning: null,
        reason: said(
          host.tries > 0 &&
            (host.signalled_at === null
              ? many("why.tries_unknown", host.tries)
              : many("why.tries", host.tries, { last: time(host.signalled_at) })),
          !!host.backlog && many("why.waiting", host.backlog),
          host.deadline !== null &&
            host.deadline > now &&
            host.automatic &&
            t("why.tries_again", { time: time(host.deadline) }),
          pausedText(host, queues, t),
          reason,
          t("why.please_check"),
        ),
        checks: [
          { text: t("check.plugged") },
          ...(host.mac === null
            ? [{ text: t("check.bios") }, { text: t("check.actions") }]
            : [{ text: t("check.bios") }, { text: t("check.mac"), value: host.mac }]),
        ],
        buttons: wake("retry", true, "mdi:refresh"),
      });
  }
}

type Text = (key: string, values?: Record<string, string | number>) => string;
type Many = (key: string, count: number, values?: Record<string, string | number>) => string;

function backlogText(backlog: number | null, many: Many, t: Text): string {
  if (backlog === null) {
    return t("why.backlog_unknown");
  }
  return backlog === 0 ? t("why.no_jobs") : many("why.waiting", backlog);
}

function keptText(host: GpuHost, t: Text): string | null {
  if (host.hold === "by_hand") {
    return t("why.kept_by_hand");
  }
  if (!host.automatic) {
    return t("why.manual_on");
  }
  if (host.hold === "on") {
    return t("why.kept_on_request");
  }
  return host.can_switch_off ? null : t("why.cannot_sleep");
}

/** Only when it is so: queues can be paused for it, or by hand, or not at all. */
function pausedText(host: GpuHost, queues: Record<string, Queue>, t: Text): string | null {
  const known = host.queues.flatMap((name) => queues[name] ?? []);
  const isPausedForIt = ({ pause }: Queue) =>
    pause?.reason === "gpu_offline" && (pause.host === null || pause.host === host.host_id);
  // A queue that the user resumed anyway skips photos.
  const paused =
    known.some(isPausedForIt) &&
    known.every((queue) => isPausedForIt(queue) || queue.state === "paused" || !isBusy(queue));
  return paused
    ? t(host.automatic && host.hold !== "off" ? "why.paused_for_you_auto" : "why.paused_for_you")
    : null;
}

function troubleOf(host: GpuHost, t: Text): string | null {
  return host.trouble === null || host.trouble === "wake_failed" ? null : t(`why.${host.trouble}`);
}

function skippedText(host: GpuHost, queues: Record<string, Queue>, format: Format): string | null {
  const names = Object.keys(host.skipped);
  const count = names.reduce((sum, name) => sum + (host.skipped[name] ?? 0), 0);
  return count
    ? format.words.text("gpu_host.why.skipped", {
        count,
        shown: format.count(count),
        queues: format.list(names.map((name) => queues[name]?.label ?? name)),
      })
    : null;
}

function needs(host: GpuHost, format: Format, label: string): { label: string; value: string }[] {
  return host.expected_run ? [{ label, value: format.timeLeft(host.expected_run) }] : [];
}

export interface Day {
  from: number;
  /** From 0 to 1 of the day. */
  spans: { start: number; end: number }[];
  /** Beside the bar. */
  text: string;
  /** For those who don't see it. */
  spoken: string;
}

/** When it was awake in the last 24 h; null: nobody recorded it. */
export function dayOf(host: GpuHost, format: Format, now: number): Day | null {
  if (host.awake === null) {
    return null;
  }
  const from = now - DAY;
  const clipped = host.awake
    .map(([start, end]) => [Math.max(from, start), Math.min(now, end ?? now)] as const)
    .filter(([start, end]) => end > start);
  const awake = clipped.reduce((sum, [start, end]) => sum + end - start, 0) / 1000;
  const text =
    awake === 0
      ? format.words.text("gpu_host.day.never")
      : format.words.text("gpu_host.day.awake", { time: roundedLength(awake, format) });
  const spans = clipped.map(([start, end]) =>
    format.words.text("gpu_host.day.span", {
      from: format.time(start, now),
      to: end >= now ? format.words.text("gpu_host.day.now") : format.time(end, now),
    }),
  );
  return {
    from,
    spans: clipped.map(([start, end]) => ({ start: (start - from) / DAY, end: (end - from) / DAY })),
    text,
    spoken: spans.length
      ? `${text}. ${format.words.text("gpu_host.day.spans", { spans: format.list(spans) })}`
      : text,
  };
}

/** In steps of 10 min from an hour on: no one needs it more exact. */
function roundedLength(seconds: number, format: Format): string {
  return format.duration(seconds < 3600 ? seconds : Math.round(seconds / 600) * 600);
}
