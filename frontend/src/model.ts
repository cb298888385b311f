/**
 * What the integration sends, see dashboard/snapshot.py. Times are ms since the epoch, durations
 * seconds, rates jobs a minute. `null`: not known, or does not apply; never to be shown as 0.
 */

export type QueueState = "running" | "paused" | "idle" | "stalled" | "worker_lost" | "worker_blocked";
export type NoEta = "nothing_to_do" | "paused" | "measuring" | "not_moving" | "nearly_done";
export type StuckKind = "orphaned" | "ghost" | "hung" | "long_running";
/** What may be done about a stuck job now; the server decides it. */
export type JobAction = "clear" | "requeue" | "clear_and_restart" | "restart" | "ignore";
export type AssetType = "IMAGE" | "VIDEO" | "AUDIO" | "OTHER";

export interface Eta {
  finish: number;
  low: number;
  high: number;
  /** Seconds. */
  remaining: number;
}

/** Work since the queue last had none, or since it was first looked at. */
export interface Run {
  since: number;
  done: number;
}

export interface Pause {
  by: "user" | "immich_admin_tools";
  /** `by_hand`, or why we paused it. */
  reason: "by_hand" | "user" | "restart" | "gpu_offline" | "heal" | null;
  since: number | null;
  until: number | null;
  /** Of a pause for a GPU host: its key in `gpu_hosts`. */
  host: string | null;
}

export interface Queue {
  /** As Immich calls it: `faceDetection`. */
  name: string;
  /** As Home Assistant shows it; the user may have renamed it. */
  label: string;
  device_id: string | null;
  /** Of its sensor `state`. */
  entity_id: string | null;
  state: QueueState;
  state_since: number;
  /** Waits for other queues, as Immich wants it to. */
  blocked: boolean;
  waiting: number;
  active: number;
  delayed: number;
  failed: number;
  stuck: number;
  /** Of the stuck ones, those that may simply be big. */
  slow: number;
  /** Workers that hang on to a job that was taken from them. */
  lost_slots: number | null;
  concurrency: number | null;
  worker: boolean | null;
  rate: number | null;
  /** Made of differences of counts, as without Redis. */
  rate_is_estimate: boolean;
  eta: Eta | null;
  no_eta: NoEta | null;
  average_duration: number | null;
  /** Nearly no job took longer. */
  usual_duration: number | null;
  oldest_active: number | null;
  /** 0: never called stuck. */
  threshold: number;
  suggested_threshold: number | null;
  run: Run | null;
  pause: Pause | null;
  /** Whether single jobs can be acted on. */
  writable: boolean;
  /** Whether Immich can be told to look for work for it. */
  startable: boolean;
}

export interface StuckJob {
  key: string;
  queue: string;
  job_id: string;
  /** null for a ghost. */
  name: string | null;
  kind: StuckKind;
  since: number | null;
  threshold: number;
  asset_id: string | null;
  file_name: string | null;
  path: string | null;
  /** Bytes. */
  size: number | null;
  type: AssetType | null;
  /** Its page in Immich. */
  url: string | null;
  /** To be signed: /api/immich_admin_tools/… */
  thumbnail: string | null;
  times_stuck: number;
  /** Best first: the first one is the main button. */
  actions: JobAction[];
  /** Somebody is acting on it right now. */
  under_way: boolean;
}

export type OutcomeVerdict = "confirmed" | "slot_lost" | "unconfirmed" | "failed";
export type Doubt =
  | "too_early"
  | "other_run"
  | "flushed"
  | "no_worker"
  | "paused"
  | "not_moving"
  | "redis_lost"
  | "interrupted";

/** What came of an act, for ten minutes. */
export interface Outcome {
  key: string;
  at: number;
  queue: string;
  job_id: string;
  mode: "remove" | "requeue" | "fail";
  by: "user" | "auto";
  outcome: OutcomeVerdict;
  doubt: Doubt | null;
  age: number | null;
  asset_id: string | null;
  file_name: string | null;
  path: string | null;
  type: AssetType | null;
  url: string | null;
  thumbnail: string | null;
}

export type HostState =
  "off" | "waking" | "booting" | "ready" | "working" | "draining" | "shutting_down" | "wake_failed";

export interface GpuHost {
  host_id: string;
  device_id: string | null;
  /** Of its sensor `state`. */
  entity_id: string | null;
  name: string;
  state: HostState;
  since: number | null;
  online: boolean | null;
  automatic: boolean;
  hold: "none" | "on" | "off" | "by_hand";
  /** It went off and nobody told it to, with work under way. */
  lost: boolean;
  trouble: "wake_failed" | "not_drained" | "others_unknown" | "off_failed" | null;
  /** Why the policy does nothing although it might, see GpuHost.reason. */
  reason: string | null;
  queues: string[];
  backlog: number | null;
  active: number | null;
  wake_backlog: number;
  /** When the oldest waiting job is due, whatever the backlog. */
  wake_at_latest: number | null;
  /** "22:00", in the user's time zone. */
  allowed_from: string | null;
  allowed_to: string | null;
  /** When it may be woken next; null: now, or not known. */
  allowed_at: number | null;
  tries: number;
  wake_retries: number;
  /** Of waking, booting, draining, shutting down: the time limit; wake_failed: the next try. */
  deadline: number | null;
  signalled_at: number | null;
  idle_since: number | null;
  /** Seconds. */
  idle_time: number;
  goes_off_at: number | null;
  expected_run: number | null;
  /** Seconds from signal to answer, as it was the last times. */
  usual_boot: number | null;
  can_wake: boolean;
  can_switch_off: boolean;
  /** For admins only. */
  mac: string | null;
  /** Jobs per queue that were skipped while it was away and have not been made up for. */
  skipped: Record<string, number>;
  /** When it was awake in the last 24 h; null: nobody recorded it. */
  awake: [from: number, to: number | null][] | null;
}

export interface Snapshot {
  entry_id: string;
  title: string;
  device_id: string;
  /** The user may act. */
  may_act: boolean;
  /** `redis_lost`: it is set up, and doesn't answer. */
  source: "redis" | "api" | "redis_lost";
  /** Since when Immich doesn't answer; null: it answers. */
  unreachable_since: number | null;
  /** When the queues were seen last. */
  as_of: number;
  /** Seconds. */
  poll_interval: number;
  waiting: number;
  active: number;
  rate: number | null;
  eta: Eta | null;
  eta_queue: string | null;
  run: Run | null;
  import_mode: boolean;
  /** Their order is Immich's own. */
  order: string[];
  queues: Record<string, Queue>;
  /** Jobs in each of the last 60 minutes, the newest last; null: nobody looked. */
  sparks: Record<string, (number | null)[]>;
  /** At most 50; `stuck_total` counts all. */
  stuck: Record<string, StuckJob>;
  stuck_total: number;
  outcomes: Record<string, Outcome>;
  gpu_hosts: Record<string, GpuHost>;
  lost_slots: number | null;
  /** Queues that only a restart gets going again. */
  restart: {
    configured: boolean;
    running: boolean;
    usual_seconds: number | null;
  };
  last_cleared: { at: number; file_name: string | null; queue: string } | null;
  auto_heal: "off" | "alert_only" | "clear_and_log" | "clear_and_restart";
  /** Entity ids of the server by their key: `auto_heal`, `import_mode`. */
  entities: Record<string, string>;
}

/** Whose items are sent one by one; a null takes one away. */
export const COLLECTIONS = ["queues", "sparks", "stuck", "outcomes", "gpu_hosts"] as const;
export type Collection = (typeof COLLECTIONS)[number];

export type Delta = Partial<Omit<Snapshot, Collection>> & {
  [C in Collection]?: Record<string, Snapshot[C][string] | null>;
};

export type SubscriptionMessage =
  | { type: "snapshot"; snapshot: Snapshot }
  | { type: "delta"; delta: Delta }
  /** The entry was removed, or the user may not read it any more. */
  | { type: "not_found" }
  /** The entry is not loaded: `state` as Home Assistant has it, `reason` translated. */
  | { type: "not_loaded"; title: string; state: string; reason: string | null };

export interface Instance {
  entry_id: string;
  title: string;
  loaded: boolean;
  /** Has Redis. */
  redis: boolean;
  gpu_hosts: { host_id: string; name: string }[];
  problem_assets: number;
}

export interface HistoryEvent {
  key: string;
  at: number;
  type: string;
  queue: string | null;
  label: string | null;
  job_id: string | null;
  asset_id: string | null;
  file_name: string | null;
  thumbnail: string | null;
  url: string | null;
  kind: StuckKind | null;
  age: number | null;
  reason: string | null;
  mode: string | null;
  by: "user" | "auto" | null;
  outcome: OutcomeVerdict | null;
  doubt: Doubt | null;
  jobs: number | null;
  duration: number | null;
  host: string | null;
  at_least: boolean | null;
}

export type HistoryFilter = "all" | "stuck" | "pauses" | "gpu_host";

export interface HistoryPage {
  events: HistoryEvent[];
  /** For `before` of the next page; null: that was all. */
  next: string | null;
  days: number;
}

export type Period = "today" | "week" | "month";

export interface Statistics {
  /** null: nobody records it; `bars_missing` says why. */
  bars: { start: number; jobs: number }[] | null;
  bars_missing: "no_recorder" | "sensor_off" | "needs_redis" | "not_yet" | null;
  processed: number | null;
  /** In the period before, up to the same moment in it. */
  processed_before: number | null;
  busiest: { start: number; end: number; jobs: number } | null;
  average: { queue: string; label: string; seconds: number } | null;
  gpu: { awake: number | null; wakes: number; failed: number } | null;
  stuck: { photos: number; videos: number; other: number };
  cleared: { confirmed: number; total: number; restarts: number };
  /** null: Immich's telemetry is off. */
  failures: { failed: number; skipped: number; since: number } | null;
}

export interface Speed {
  /** ms since the epoch of the first value. */
  start: number;
  /** Seconds between two values. */
  step: number;
  series: { queue: string; label: string; values: (number | null)[] }[];
  gpu: { host_id: string; name: string; awake: [number, number | null][] }[];
  events: { at: number; type: string; label: string }[];
  missing: "no_recorder" | "sensor_off" | "not_yet" | null;
}

export interface ProblemAsset {
  asset_id: string;
  file_name: string | null;
  path: string | null;
  thumbnail: string | null;
  url: string | null;
  times_stuck: number;
  last: number;
  queues: string[];
}

/** What is shown is as of now: Redis tells it although Immich's API may not answer. */
export function isLive(snapshot: Snapshot): boolean {
  return snapshot.unreachable_since === null || snapshot.source === "redis";
}

export function apply(snapshot: Snapshot, delta: Delta): Snapshot {
  const next = { ...snapshot, ...delta } as Snapshot;
  for (const name of COLLECTIONS) {
    const changed = delta[name];
    if (!changed) {
      continue;
    }
    const items: Record<string, unknown> = { ...snapshot[name] };
    for (const [key, item] of Object.entries(changed)) {
      if (item === null) {
        delete items[key];
      } else {
        items[key] = item;
      }
    }
    Object.assign(next, { [name]: items });
  }
  return next;
}
