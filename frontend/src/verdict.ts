import type { AssetType, GpuHost, Queue, Snapshot, StuckJob } from "./model";
import type { Tone } from "./elements/icon-tile";

/** The worst first: what is the matter with the whole of it. */
export type VerdictKind =
  | "restarting"
  | "unreachable"
  | "unknown"
  | "no_worker"
  | "standing_still"
  | "gpu_failed"
  | "lost_slots"
  | "running"
  | "stuck"
  | "waiting_for_gpu"
  | "held"
  | "redis_lost"
  | "all_right";

export type Things = "photos" | "videos" | "files" | "jobs";

/** A second sentence below the verdict. */
export type Remark =
  | { kind: "as_of"; at: number }
  | { kind: "time_left"; remaining: number }
  | {
      kind: "worker_lost" | "worker_blocked" | "needs_restart" | "not_processed" | "paused" | "not_counted";
      queues: Queue[];
    }
  | { kind: "paused_by_hand" | "paused_by_hand_not_counted"; queues: Queue[] }
  | { kind: "waits_for_host_not_counted"; queues: Queue[]; host: GpuHost | null }
  | { kind: "host_starts"; host: GpuHost }
  | { kind: "slow"; count: number; things: Things }
  | { kind: "redis_lost" };

export interface Verdict {
  kind: VerdictKind;
  tone: Tone;
  /** Enough work, or the mode for it, to be called an import. */
  import: boolean;
  /** Of these queues it is said. */
  queues: Queue[];
  /** When nothing else goes on meanwhile. */
  everything: boolean;
  since: number | null;
  /** Of what stands in the way, or waits; null: not known. */
  count: number | null;
  of: number | null;
  things: Things;
  host: GpuHost | null;
  /** Seconds; null: not known yet. */
  remaining: number | null;
  until: number | null;
  remarks: Remark[];
}

/** Jobs from which on work is called an import. */
const IMPORT = 500;

const TONES: Record<VerdictKind, Tone> = {
  restarting: "primary",
  unreachable: "error",
  unknown: "neutral",
  no_worker: "error",
  standing_still: "warning",
  gpu_failed: "error",
  lost_slots: "warning",
  running: "primary",
  stuck: "warning",
  waiting_for_gpu: "neutral",
  held: "neutral",
  redis_lost: "warning",
  all_right: "success",
};

/** What all of it comes to; the worst counts. */
export function verdict(snapshot: Snapshot, now: number): Verdict {
  const queues = Object.values(snapshot.queues);
  const working = queues.filter((queue) => queue.state === "running" && queue.waiting > 0);
  const is = (kind: VerdictKind, more: Partial<Verdict> = {}): Verdict => ({
    kind,
    tone: TONES[kind],
    import: snapshot.import_mode || snapshot.waiting >= IMPORT,
    queues: [],
    everything: working.length === 0,
    since: null,
    count: null,
    of: null,
    things: "jobs",
    host: null,
    remaining: null,
    until: null,
    remarks: [],
    ...more,
  });

  if (snapshot.restart.running) {
    return is("restarting");
  }
  if (snapshot.unreachable_since !== null) {
    return is("unreachable", {
      since: snapshot.unreachable_since,
      remarks: [{ kind: "as_of", at: snapshot.as_of }],
    });
  }
  if (!queues.length) {
    return is("unknown");
  }
  const lost = queues.filter(({ state }) => state === "worker_lost");
  const blocked = queues.filter(({ state }) => state === "worker_blocked");
  if (lost.length || blocked.length) {
    return is("no_worker", {
      queues: [...lost, ...blocked],
      remarks: lost.length
        ? [{ kind: "worker_lost", queues: lost }]
        : [{ kind: "worker_blocked", queues: blocked }],
    });
  }
  const stalled = queues.filter(({ state }) => state === "stalled");
  if (stalled.length) {
    const count = sum(stalled, ({ stuck }) => stuck);
    return is("standing_still", {
      queues: stalled,
      count: count || null,
      things: thingsOf(snapshot, count, ({ queue }) => stalled.some(({ name }) => name === queue)),
      remarks: count ? [] : [{ kind: "not_processed", queues: stalled }],
    });
  }
  const failed = Object.values(snapshot.gpu_hosts).find(
    (host) => host.state === "wake_failed" && host.backlog !== 0,
  );
  if (failed) {
    return is("gpu_failed", { host: failed, count: failed.backlog });
  }
  const hindered = queues.filter(({ lost_slots }) => (lost_slots ?? 0) > 0);
  if (hindered.length) {
    const all = hindered.every(({ concurrency }) => concurrency !== null)
      ? sum(hindered, ({ concurrency }) => concurrency ?? 0)
      : null;
    const slots = sum(hindered, ({ lost_slots }) => lost_slots ?? 0);
    const known = all !== null && all > slots && working.length > 0;
    const remaining = snapshot.eta ? left(snapshot.eta.finish, now) : null;
    return is("lost_slots", {
      queues: hindered,
      count: known ? all - slots : slots,
      of: known ? all : null,
      remarks: [
        ...(known && remaining !== null ? [{ kind: "time_left", remaining } as const] : []),
        { kind: "needs_restart", queues: hindered },
      ],
    });
  }
  if (working.length) {
    return is("running", {
      queues: working,
      remaining: snapshot.eta ? left(snapshot.eta.finish, now) : nearlyDone(working),
      remarks: [...redisLost(snapshot), ...notCounted(snapshot, queues)],
    });
  }
  const { stuck, slow } = stuckCounts(snapshot);
  if (stuck > 0) {
    const which = ({ kind }: StuckJob) => kind !== "long_running";
    return is("stuck", {
      count: countOf(snapshot, stuck, which),
      things: thingsOf(snapshot, stuck, which),
      remarks: pausedByHand(queues),
    });
  }
  const waiting = queues.filter((queue) => queue.pause?.by === "immich_admin_tools" && queue.waiting > 0);
  const forHost = waiting.filter(({ pause }) => pause?.reason === "gpu_offline");
  if (forHost.length) {
    const host = snapshot.gpu_hosts[forHost[0]?.pause?.host ?? ""] ?? null;
    const starts = host !== null && (host.state === "waking" || host.state === "booting");
    const latest = host?.wake_at_latest ?? null;
    return is("waiting_for_gpu", {
      queues: forHost,
      host,
      count: sum(forHost, (queue) => queue.waiting),
      until: starts || latest === null || latest <= now ? null : latest,
      remarks: starts ? [{ kind: "host_starts", host }] : pausedByHand(queues),
    });
  }
  if (waiting.length) {
    return is("held", { queues: waiting });
  }
  const rest: Remark[] = [
    ...pausedByHand(queues),
    ...(slow > 0
      ? [
          {
            kind: "slow",
            count: slow,
            things: thingsOf(snapshot, slow, ({ kind }) => kind === "long_running"),
          } as const,
        ]
      : []),
  ];
  if (snapshot.source === "redis_lost") {
    return is("redis_lost", { remarks: [{ kind: "redis_lost" }, ...rest] });
  }
  return is("all_right", { remarks: rest });
}

/** Jobs of this run that are done, and all of it that is not paused; null: not known, or nothing to do. */
export function runProgress(snapshot: Snapshot): { done: number; all: number; since: number } | null {
  if (!snapshot.run) {
    return null;
  }
  const remaining = sum(
    Object.values(snapshot.queues).filter(({ state }) => state !== "paused"),
    ({ waiting, active }) => waiting + active,
  );
  if (!remaining) {
    return null;
  }
  const { done, since } = snapshot.run;
  return { done, all: done + remaining, since };
}

/** Those that only take long are told apart. */
export function stuckCounts(snapshot: Snapshot): { stuck: number; slow: number } {
  const slow = Math.min(
    snapshot.stuck_total,
    sum(Object.values(snapshot.queues), (queue) => queue.slow),
  );
  return { stuck: snapshot.stuck_total - slow, slow };
}

const THINGS: Partial<Record<AssetType, Things>> = { IMAGE: "photos", VIDEO: "videos" };

/** What the stuck jobs are about; "jobs" as long as it isn't known of each of them. */
export function thingsOf(snapshot: Snapshot, count: number, which: (job: StuckJob) => boolean): Things {
  const jobs = Object.values(snapshot.stuck).filter(which);
  if (
    !jobs.length ||
    jobs.length < count ||
    jobs.some(({ asset_id, type }) => asset_id === null || type === null)
  ) {
    return "jobs";
  }
  const kinds = new Set(jobs.map(({ type }) => (type && THINGS[type]) || "files"));
  const [only] = kinds;
  return kinds.size === 1 && only ? only : "files";
}

/** How many photos, videos or files the jobs are about: one may be stuck in two queues. */
export function countOf(snapshot: Snapshot, count: number, which: (job: StuckJob) => boolean): number {
  if (thingsOf(snapshot, count, which) === "jobs") {
    return count;
  }
  const jobs = Object.values(snapshot.stuck).filter(which);
  return new Set(jobs.map(({ asset_id }) => asset_id)).size;
}

function left(finish: number, now: number): number {
  return Math.max(0, (finish - now) / 1000);
}

function nearlyDone(working: Queue[]): number | null {
  return working.every(({ no_eta }) => no_eta === "nearly_done") ? 0 : null;
}

function redisLost(snapshot: Snapshot): Remark[] {
  return snapshot.source === "redis_lost" ? [{ kind: "redis_lost" }] : [];
}

function byHand(queues: Queue[]): Queue[] {
  return queues.filter(({ state, pause }) => state === "paused" && pause?.by === "user");
}

function pausedByHand(queues: Queue[]): Remark[] {
  const paused = byHand(queues);
  const unknown = queues.filter(({ state, pause }) => state === "paused" && !pause);
  return [
    ...(paused.length ? [{ kind: "paused_by_hand", queues: paused } as const] : []),
    ...(unknown.length ? [{ kind: "paused", queues: unknown } as const] : []),
  ];
}

/** What the time left leaves out. */
function notCounted(snapshot: Snapshot, queues: Queue[]): Remark[] {
  const withWork = queues.filter(({ state, waiting }) => state === "paused" && waiting > 0);
  const manual = byHand(withWork);
  const forHost = withWork.filter(
    ({ pause }) => pause?.by === "immich_admin_tools" && pause.reason === "gpu_offline",
  );
  const others = withWork.filter((queue) => !manual.includes(queue) && !forHost.includes(queue));
  const hosts = new Set(forHost.map(({ pause }) => pause?.host ?? ""));
  const host = hosts.size === 1 ? (snapshot.gpu_hosts[[...hosts][0] ?? ""] ?? null) : null;
  return [
    ...(manual.length ? [{ kind: "paused_by_hand_not_counted", queues: manual } as const] : []),
    ...(forHost.length ? [{ kind: "waits_for_host_not_counted", queues: forHost, host } as const] : []),
    ...(others.length ? [{ kind: "not_counted", queues: others } as const] : []),
  ];
}

function sum<T>(items: T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
