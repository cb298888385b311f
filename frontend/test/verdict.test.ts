import { describe, expect, it } from "vitest";
import { busy, gpuHost, NOW, queue, running, snapshot, stuckJob } from "../gallery/fixtures";
import { withQueues } from "../gallery/queues.scenes";
import type { Pause, Queue, Snapshot } from "../src/model";
import { runProgress, thingsOf, verdict, type Verdict } from "../src/verdict";

const MINUTE = 60_000;
const byHand: Pause = { by: "user", reason: "by_hand", since: NOW - MINUTE, until: null, host: null };
const forHost: Pause = {
  by: "immich_admin_tools",
  reason: "gpu_offline",
  since: NOW - MINUTE,
  until: null,
  host: "host",
};

const works = running("ocr", 900, 40, 10);
const stalled = queue("thumbnailGeneration", { state: "stalled", waiting: 8_440, active: 10, stuck: 10 });
const lost = queue("videoConversion", { state: "worker_lost", waiting: 3 });
const blocked = queue("duplicateDetection", { state: "worker_blocked", waiting: 3, lost_slots: 1 });
const hindered = running("faceDetection", 900, 40, 10, { lost_slots: 1, concurrency: 5 });
const waits = queue("smartSearch", { state: "paused", waiting: 86, pause: forHost });
const off = (changes = {}) => ({ host: gpuHost({ state: "off", ...changes }) });
const failed = { host: gpuHost({ state: "wake_failed", backlog: 1_204 }) };
const tenPhotos = Object.fromEntries(
  Array.from({ length: 10 }, (_, i) => [`${i}`, stuckJob({ queue: "thumbnailGeneration", job_id: `${i}` })]),
);
const pausedByHand = queue("library", { state: "paused", waiting: 600, pause: byHand });

const table: [string, Snapshot, Partial<Verdict>][] = [
  [
    "unreachable",
    withQueues([lost], { unreachable_since: 5 }),
    { kind: "unreachable", since: 5, tone: "error" },
  ],
  [
    "a restart explains all that is missing meanwhile",
    withQueues([lost], {
      unreachable_since: 5,
      restart: { configured: true, running: true, usual_seconds: null },
    }),
    { kind: "restarting" },
  ],
  ["nothing is known", snapshot({ order: [], queues: {} }), { kind: "unknown", tone: "neutral" }],
  ["no worker", withQueues([lost, stalled]), { kind: "no_worker", queues: [lost], tone: "error" }],
  ["workers that hang", withQueues([blocked]), { kind: "no_worker", queues: [blocked] }],
  ["no worker for several", withQueues([blocked, lost]), { kind: "no_worker", queues: [lost, blocked] }],
  [
    "all stands still",
    withQueues([stalled], { stuck: tenPhotos, stuck_total: 10 }),
    { kind: "standing_still", everything: true, import: true, count: 10, things: "photos", remarks: [] },
  ],
  [
    "one queue stands still",
    withQueues([stalled, works], { stuck: tenPhotos, stuck_total: 10 }),
    { kind: "standing_still", everything: false, queues: [stalled] },
  ],
  [
    "stands still and nobody knows why",
    withQueues([{ ...stalled, stuck: 0 }]),
    { kind: "standing_still", count: null, things: "jobs" },
  ],
  [
    "the GPU host didn't wake up",
    withQueues([waits], { gpu_hosts: failed }),
    { kind: "gpu_failed", count: 1_204 },
  ],
  [
    "the GPU host didn't wake up, its backlog isn't known",
    withQueues([], { gpu_hosts: { host: gpuHost({ state: "wake_failed", backlog: null }) } }),
    { kind: "gpu_failed", count: null },
  ],
  [
    "it didn't wake up, and nothing waits for it",
    snapshot({ gpu_hosts: { host: gpuHost({ state: "wake_failed", backlog: 0 }) } }),
    { kind: "all_right" },
  ],
  ["workers lost", withQueues([hindered]), { kind: "lost_slots", count: 4, of: 5, import: true }],
  [
    "workers lost, nobody knows of how many",
    withQueues([{ ...hindered, concurrency: null }]),
    { kind: "lost_slots", count: 1, of: null },
  ],
  [
    "workers lost while nothing runs",
    withQueues([queue("faceDetection", { lost_slots: 1 })]),
    { kind: "lost_slots", count: 1, of: null },
  ],
  [
    "nobody knows of lost workers",
    withQueues([queue("faceDetection", { lost_slots: null })]),
    { kind: "all_right" },
  ],
  ["import", withQueues([works], { eta: works.eta }), { kind: "running", import: true, remaining: 1_350 }],
  [
    "import mode with little to do",
    withQueues([running("ocr", 20, 40, 1)], { import_mode: true }),
    { kind: "running", import: true },
  ],
  ["work", withQueues([running("ocr", 499, 40, 1)]), { kind: "running", import: false }],
  [
    "time left not known",
    withQueues([running("ocr", 499, 40, 1, { rate: null, eta: null, no_eta: "measuring" })]),
    { kind: "running", remaining: null },
  ],
  [
    "nearly done",
    withQueues([running("ocr", 4, 40, 1, { eta: null, no_eta: "nearly_done" })]),
    { kind: "running", remaining: 0 },
  ],
  ["running with stuck photos", busy(), { kind: "running", tone: "primary" }],
  [
    "single jobs are no work worth telling",
    withQueues([running("backupDatabase", 0, 1, 0)]),
    { kind: "all_right" },
  ],
  [
    "stuck and nothing else to do",
    snapshot({ stuck: { a: stuckJob({ type: "VIDEO" }) }, stuck_total: 1 }),
    { kind: "stuck", count: 1, things: "videos" },
  ],
  [
    "stuck counts for more than a wait",
    withQueues([waits], { stuck: { a: stuckJob() }, stuck_total: 1, gpu_hosts: off() }),
    { kind: "stuck" },
  ],
  [
    "only slow",
    withQueues([queue("videoConversion", { stuck: 1, slow: 1 })], { stuck_total: 1 }),
    { kind: "all_right", remarks: [{ kind: "slow", count: 1, things: "jobs" }] },
  ],
  [
    "waiting for the GPU host",
    withQueues([waits], { gpu_hosts: off({ wake_at_latest: NOW + MINUTE }) }),
    { kind: "waiting_for_gpu", count: 86, until: NOW + MINUTE },
  ],
  [
    "what is over is no promise",
    withQueues([waits], { gpu_hosts: off({ wake_at_latest: NOW - MINUTE }) }),
    { kind: "waiting_for_gpu", until: null },
  ],
  [
    "the GPU host starts",
    withQueues([waits], { gpu_hosts: off({ state: "booting", wake_at_latest: NOW + MINUTE }) }),
    { kind: "waiting_for_gpu", until: null },
  ],
  ["waiting for a host nobody knows", withQueues([waits]), { kind: "waiting_for_gpu", host: null }],
  [
    "paused by us for a moment",
    withQueues([
      queue("sidecar", { state: "paused", waiting: 3, pause: { ...forHost, reason: "heal", host: null } }),
    ]),
    { kind: "held" },
  ],
  [
    "paused by hand is what the user wants",
    withQueues([pausedByHand]),
    { kind: "all_right", remarks: [{ kind: "paused_by_hand", queues: [pausedByHand] }] },
  ],
  ["Redis lost", snapshot({ source: "redis_lost" }), { kind: "redis_lost", tone: "warning" }],
  ["Immich only", snapshot({ source: "api" }), { kind: "all_right" }],
  ["all right", snapshot(), { kind: "all_right", tone: "success", remarks: [] }],
];

describe("the verdict", () => {
  it.each(table)("%s", (_name, shown, expected) => {
    expect(verdict(shown, NOW)).toMatchObject(expected);
  });

  it("goes from the worst to the best", () => {
    const all: [Queue[], Partial<Snapshot>][] = [
      [[lost], { unreachable_since: 5 }],
      [[lost], {}],
      [[stalled], {}],
      [[waits], { gpu_hosts: failed }],
      [[hindered], {}],
      [[works], {}],
      [[], { stuck: { a: stuckJob() }, stuck_total: 1 }],
      [[waits], { gpu_hosts: off() }],
      [[], { source: "redis_lost" }],
    ];
    const kinds = all.map(([queues, changes]) => verdict(withQueues(queues, changes), NOW).kind);
    // Each of them beside all that are less bad.
    const together = all.map((_, index) => {
      const rest = all.slice(index);
      const queues = rest.flatMap(([own]) => own);
      const changes = Object.assign({}, ...rest.map(([, own]) => own).reverse()) as Partial<Snapshot>;
      return verdict(withQueues([...new Map(queues.map((one) => [one.name, one])).values()], changes), NOW)
        .kind;
    });
    expect(together).toEqual(kinds);
  });

  it("names what the time left leaves out", () => {
    const shown = withQueues([works, pausedByHand, waits], { gpu_hosts: off() });
    expect(verdict(shown, NOW).remarks).toEqual([
      { kind: "paused_by_hand_not_counted", queues: [pausedByHand] },
      { kind: "waits_for_host_not_counted", queues: [waits], host: shown.gpu_hosts["host"] },
    ]);
  });

  it("says of work without Redis that it is less exact", () => {
    expect(verdict(withQueues([works], { source: "redis_lost" }), NOW).remarks).toEqual([
      { kind: "redis_lost" },
    ]);
  });
});

describe("the progress", () => {
  it("leaves out what is paused", () => {
    expect(runProgress(busy())).toMatchObject({ done: 38_410, all: 83_542 });
  });

  it("is not known without a start, and nothing when nothing is left", () => {
    expect(runProgress(busy({ run: null }))).toBeNull();
    expect(runProgress(snapshot({ run: { since: NOW, done: 5 } }))).toBeNull();
  });
});

describe("what is stuck", () => {
  const of = (jobs: Parameters<typeof stuckJob>[0][], count = jobs.length) =>
    thingsOf(
      snapshot({ stuck: Object.fromEntries(jobs.map((job, i) => [i, stuckJob(job)])) }),
      count,
      () => true,
    );

  it("is called what it is, as far as that is known of each", () => {
    expect(of([{}, {}])).toBe("photos");
    expect(of([{ type: "VIDEO" }])).toBe("videos");
    expect(of([{}, { type: "VIDEO" }])).toBe("files");
    expect(of([{ type: "AUDIO" }])).toBe("files");
    expect(of([{}, { asset_id: null, type: null }])).toBe("jobs");
    expect(of([{}], 60)).toBe("jobs");
    expect(of([])).toBe("jobs");
  });
});
