import { busy, gpuHost, NOW, queue, running, snapshot, stuckJob, wave } from "./fixtures";
import type { Scene } from "./scene";
import type { GpuHost, Pause, Queue, Snapshot } from "../src/model";

const MINUTE = 60_000;
const card = "immich-admin-tools-queues";

const stopped = (level: number, minutes: number, seed: number) =>
  wave(level, seed).map((jobs, index) => (index < 60 - minutes ? jobs : 0));

const byHand: Pause = {
  by: "user",
  reason: "by_hand",
  since: NOW - 17 * 60 * MINUTE,
  until: null,
  host: null,
};
const forHost: Pause = {
  by: "immich_admin_tools",
  reason: "gpu_offline",
  since: NOW - 62 * MINUTE,
  until: null,
  host: "host",
};

export function withQueues(queues: Queue[], changes: Partial<Snapshot> = {}): Snapshot {
  const all = snapshot(changes);
  return {
    ...all,
    order: [...all.order, ...queues.map(({ name }) => name).filter((name) => !all.order.includes(name))],
    queues: { ...all.queues, ...Object.fromEntries(queues.map((one) => [one.name, one])) },
    waiting: queues.reduce((sum, one) => sum + one.waiting, 0),
  };
}

/** Every state of a row. */
export function states(changes: Partial<Snapshot> = {}, host: Partial<GpuHost> = {}): Snapshot {
  return withQueues(
    [
      running("faceDetection", 12_450, 42, 5_594, { active: 5, failed: 23, stuck: 2, oldest_active: 2820 }),
      running("ocr", 9_118, 71, 300, {
        rate: null,
        eta: null,
        no_eta: "measuring",
        run: { since: NOW - MINUTE, done: 300 },
      }),
      queue("smartSearch", {
        state: "paused",
        waiting: 11_902,
        no_eta: "paused",
        rate: null,
        pause: forHost,
      }),
      queue("metadataExtraction", {
        state: "paused",
        waiting: 45_892,
        failed: 156,
        no_eta: "paused",
        rate: null,
        pause: byHand,
      }),
      queue("thumbnailGeneration", {
        state: "stalled",
        state_since: NOW - 14 * MINUTE,
        waiting: 8_440,
        active: 10,
        concurrency: 10,
        stuck: 10,
        no_eta: "not_moving",
      }),
      queue("videoConversion", {
        state: "worker_lost",
        state_since: NOW - 6 * MINUTE,
        waiting: 212,
        active: 1,
        worker: false,
        no_eta: "not_moving",
      }),
      queue("facialRecognition", {
        state: "running",
        blocked: true,
        waiting: 3_201,
        active: 1,
        no_eta: "measuring",
      }),
    ],
    {
      sparks: {
        faceDetection: wave(42),
        ocr: [...Array<number>(50).fill(0), 20, 40, 60, 66, 70, 71, 70, 71, 72, 71],
        smartSearch: [...wave(64, 2).slice(0, 18), ...Array<number>(42).fill(0)],
        thumbnailGeneration: stopped(85, 22, 4),
        videoConversion: stopped(3, 22, 5),
      },
      gpu_hosts: {
        host: gpuHost({ state: "off", online: false, backlog: 340, queues: ["smartSearch"], ...host }),
      },
      stuck: { a: stuckJob() },
      stuck_total: 12,
      ...changes,
    },
  );
}

const apiOnly = withQueues(
  [
    running("faceDetection", 12_450, 40, 5_594, {
      rate_is_estimate: true,
      writable: false,
      oldest_active: null,
    }),
    running("smartSearch", 11_902, 60, 11_000, {
      rate_is_estimate: true,
      writable: false,
      stuck: 1,
      slow: 1,
    }),
  ],
  { source: "api" },
);

const more = withQueues(
  [
    queue("smartSearch", { state: "paused", waiting: 86, no_eta: "paused", rate: null, pause: forHost }),
    queue("ocr", {
      state: "paused",
      waiting: 40,
      no_eta: "paused",
      rate: null,
      pause: { ...forHost, host: "broken" },
    }),
    queue("library", {
      state: "paused",
      waiting: 4,
      no_eta: "paused",
      rate: null,
      pause: { by: "user", reason: "user", since: NOW - MINUTE, until: NOW + 2 * 60 * MINUTE, host: null },
    }),
    queue("sidecar", {
      state: "paused",
      waiting: 4,
      no_eta: "paused",
      rate: null,
      pause: { by: "immich_admin_tools", reason: "restart", since: NOW - MINUTE, until: null, host: null },
    }),
    queue("duplicateDetection", {
      state: "worker_blocked",
      state_since: NOW - 30 * MINUTE,
      waiting: 5,
      lost_slots: 1,
    }),
    running("thumbnailGeneration", 4_440, 85, 100, { active: 4, lost_slots: 1 }),
    running("backupDatabase", 0, 1, 0, { active: 1, eta: null, no_eta: "nearly_done", waiting: 0 }),
  ],
  {
    gpu_hosts: {
      host: gpuHost({ state: "off", wake_at_latest: NOW + 60 * MINUTE }),
      broken: gpuHost({ host_id: "broken", state: "wake_failed", name: "Basement PC" }),
    },
  },
);

const odd = withQueues(
  [
    running("faceDetection", 158_402_113, 1_042, 5_594_000, {
      label: "Gesichtserkennungsgrundlagenverarbeitungswarteschlange Nummer Eins im Keller",
      stuck: 1_204,
      failed: 1_000_000,
      slow: 3,
    }),
    running("somethingNew", 12, 0.4, 3, { label: "<img src=x onerror=alert(1)> & <b>bold</b>" }),
  ],
  { sparks: { faceDetection: [null, null, 3, 4, null, null, ...wave(1_042).slice(6)] } },
);

export const scenes: Scene[] = [
  { title: "Overview", card, message: busy(), width: 756 },
  { title: "Every state", card, message: states(), width: 776 },
  {
    title: "Details",
    card,
    message: busy(),
    width: 776,
    config: { queues: ["faceDetection"], expanded: true },
  },
  { title: "More states", card, message: more, width: 776 },
  { title: "Immich only", card, message: apiOnly, width: 416 },
  { title: "Everything idle", card, message: snapshot({ order: snapshot().order }), width: 416 },
  {
    title: "Unreachable",
    card,
    message: withQueues([running("faceDetection", 12_450, 42, 5_594)], {
      source: "api",
      unreachable_since: NOW - 5 * MINUTE,
      as_of: NOW - 5 * MINUTE,
    }),
    width: 416,
  },
  { title: "Redis lost", card, message: states({ source: "redis_lost" }), width: 776 },
  { title: "Not an admin", card, message: states({ may_act: false }), width: 776, admin: false },
  {
    title: "GPU box wakes",
    card,
    message: states({}, { state: "booting" }),
    width: 416,
    config: { queues: ["smartSearch"] },
  },
  { title: "Odd names and numbers", card, message: odd, width: 620 },
  { title: "Odd names and numbers, narrow", card, message: odd, width: 416 },
  { title: "No idle ones", card, message: busy(), width: 416, config: { hide_idle: true, title: "Import" } },
  {
    title: "Idle ones unfolded",
    card,
    message: busy(),
    width: 776,
    config: { queues: ["ocr", "library", "editor"], expanded: true },
  },
  {
    title: "Not loaded",
    card,
    message: { type: "not_loaded", title: "Immich", state: "setup_retry", reason: null },
    width: 416,
  },
  { title: "Nothing known", card, message: snapshot({ order: [], queues: {} }), width: 416 },
];
