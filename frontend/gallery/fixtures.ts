/** States of an Immich as the pictures of the design show them. */
import type { GpuHost, Outcome, Queue, Snapshot, StuckJob } from "../src/model";

export const NOW = Date.now();
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const LABELS: Record<string, string> = {
  thumbnailGeneration: "Thumbnails",
  metadataExtraction: "Metadata extraction",
  videoConversion: "Video conversion",
  faceDetection: "Face detection",
  facialRecognition: "Facial recognition",
  smartSearch: "Smart search",
  duplicateDetection: "Duplicate detection",
  backgroundTask: "Background tasks",
  storageTemplateMigration: "Storage template migration",
  migration: "Migration",
  search: "Search",
  sidecar: "Sidecar files",
  library: "External libraries",
  notifications: "Notifications",
  backupDatabase: "Database backup",
  ocr: "Text recognition (OCR)",
  workflow: "Workflows",
  integrityCheck: "Integrity check",
  editor: "Editor",
};

export function queue(name: string, changes: Partial<Queue> = {}): Queue {
  return {
    name,
    label: LABELS[name] ?? name,
    device_id: `device_${name}`,
    entity_id: `sensor.${name.toLowerCase()}_state`,
    state: "idle",
    state_since: NOW - 2 * HOUR,
    blocked: false,
    waiting: 0,
    active: 0,
    delayed: 0,
    failed: 0,
    stuck: 0,
    slow: 0,
    lost_slots: 0,
    concurrency: 5,
    worker: true,
    rate: 0,
    rate_is_estimate: false,
    eta: null,
    no_eta: "nothing_to_do",
    average_duration: 1.4,
    usual_duration: 6,
    oldest_active: null,
    threshold: 300,
    suggested_threshold: 120,
    run: null,
    pause: null,
    writable: true,
    startable: true,
    ...changes,
  };
}

export function running(
  name: string,
  waiting: number,
  rate: number,
  done: number,
  changes: Partial<Queue> = {},
): Queue {
  const remaining = (waiting / rate) * 60;
  const finish = NOW + remaining * 1000;
  return queue(name, {
    state: "running",
    waiting,
    active: 2,
    rate,
    no_eta: null,
    eta: {
      finish,
      low: finish - remaining * 200,
      high: finish + remaining * 200,
      remaining,
    },
    run: { since: NOW - 6 * HOUR, done },
    oldest_active: 4,
    ...changes,
  });
}

export function wave(level: number, seed = 1): number[] {
  return Array.from({ length: 60 }, (_, i) =>
    Math.max(0, Math.round(level * (1 + 0.12 * Math.sin(i * 1.7 + seed) + 0.06 * Math.sin(i * 5.1 * seed)))),
  );
}

export function stuckJob(changes: Partial<StuckJob> = {}): StuckJob {
  const job: StuckJob = {
    key: "faceDetection/1",
    queue: "faceDetection",
    job_id: "1",
    name: "AssetDetectFaces",
    kind: "hung",
    since: NOW - 47 * MINUTE,
    threshold: 300,
    asset_id: "a1",
    file_name: "IMG_4521.jpg",
    path: "/external/Photos/2019/IMG_4521.jpg",
    size: 4_200_000,
    type: "IMAGE",
    url: "https://immich.example/photos/a1",
    thumbnail: null,
    times_stuck: 1,
    actions: ["clear", "clear_and_restart", "ignore"],
    under_way: false,
    ...changes,
  };
  return { ...job, key: `${job.queue}/${job.job_id}` };
}

export function outcome(changes: Partial<Outcome> = {}): Outcome {
  return {
    key: "act1",
    at: NOW - MINUTE,
    queue: "faceDetection",
    job_id: "1",
    mode: "remove",
    by: "user",
    outcome: "confirmed",
    doubt: null,
    age: 47 * 60,
    asset_id: "a1",
    file_name: "IMG_4521.jpg",
    path: "/external/Photos/2019/IMG_4521.jpg",
    type: "IMAGE",
    url: "https://immich.example/photos/a1",
    thumbnail: null,
    ...changes,
  };
}

export function gpuHost(changes: Partial<GpuHost> = {}): GpuHost {
  return {
    host_id: "host",
    device_id: "device_host",
    entity_id: "sensor.gpu_box_state",
    name: "GPU box",
    state: "working",
    since: NOW - 6 * HOUR,
    online: true,
    automatic: true,
    hold: "none",
    lost: false,
    trouble: null,
    reason: null,
    queues: ["smartSearch", "faceDetection", "ocr"],
    backlog: 33_470,
    active: 6,
    wake_backlog: 500,
    wake_at_latest: null,
    allowed_from: null,
    allowed_to: null,
    allowed_at: null,
    tries: 0,
    wake_retries: 3,
    deadline: null,
    signalled_at: null,
    idle_since: null,
    idle_time: 900,
    goes_off_at: null,
    expected_run: 5 * 3600,
    usual_boot: 100,
    can_wake: true,
    can_switch_off: true,
    mac: "3C:7C:3F:1A:9E:04",
    skipped: {},
    awake: [
      [NOW - 22 * HOUR, NOW - 19 * HOUR],
      [NOW - 6 * HOUR, null],
    ],
    ...changes,
  };
}

/** The overview of the design: an import, two stuck photos, one queue paused by hand. */
export function busy(changes: Partial<Snapshot> = {}): Snapshot {
  const order = Object.keys(LABELS);
  const queues: Record<string, Queue> = Object.fromEntries(order.map((name) => [name, queue(name)]));
  for (const one of [
    running("faceDetection", 12_450, 42, 5_594, {
      active: 5,
      failed: 23,
      stuck: 2,
      oldest_active: 2820,
    }),
    running("smartSearch", 11_902, 64, 11_000, { active: 3 }),
    running("ocr", 9_118, 71, 8_000),
    running("thumbnailGeneration", 8_440, 85, 30_000, {
      active: 10,
      failed: 12,
    }),
    running("facialRecognition", 3_201, 180, 18_000, { active: 1 }),
    queue("metadataExtraction", {
      state: "paused",
      state_since: NOW - 17 * HOUR,
      waiting: 45_892,
      failed: 156,
      no_eta: "paused",
      rate: null,
      pause: {
        by: "user",
        reason: "by_hand",
        since: NOW - 17 * HOUR,
        until: null,
        host: null,
      },
    }),
  ]) {
    queues[one.name] = one;
  }
  return snapshot({
    order,
    queues,
    waiting: 91_003,
    active: 22,
    rate: 442,
    eta: queues["faceDetection"]?.eta ?? null,
    eta_queue: "faceDetection",
    run: { since: NOW - 6 * HOUR - 30 * MINUTE, done: 38_410 },
    sparks: {
      faceDetection: wave(42),
      smartSearch: wave(64, 2),
      ocr: wave(71, 3),
      thumbnailGeneration: wave(85, 4),
      facialRecognition: wave(180, 5),
    },
    stuck: Object.fromEntries(
      [
        stuckJob(),
        stuckJob({
          job_id: "2",
          asset_id: "a2",
          since: NOW - 12 * MINUTE,
          file_name: "20190714_Emma_birthday.heic",
          path: "/external/Photos/2019/July/20190714_Emma_birthday.heic",
        }),
      ].map((job) => [job.key, job]),
    ),
    stuck_total: 2,
    gpu_hosts: { host: gpuHost() },
    ...changes,
  });
}

export function snapshot(changes: Partial<Snapshot> = {}): Snapshot {
  const order = Object.keys(LABELS);
  return {
    entry_id: "entry",
    title: "Immich",
    device_id: "device",
    may_act: true,
    source: "redis",
    unreachable_since: null,
    as_of: NOW,
    poll_interval: 5,
    waiting: 0,
    active: 0,
    rate: 0,
    eta: null,
    eta_queue: null,
    run: null,
    import_mode: false,
    order,
    queues: Object.fromEntries(order.map((name) => [name, queue(name)])),
    sparks: {},
    stuck: {},
    stuck_total: 0,
    outcomes: {},
    gpu_hosts: {},
    lost_slots: 0,
    restart: { configured: true, running: false, usual_seconds: 10 },
    last_cleared: {
      at: NOW - 48 * HOUR,
      file_name: "IMG_4521.jpg",
      queue: "faceDetection",
    },
    auto_heal: "alert_only",
    entities: { auto_heal: "select.immich_automatic_healing" },
    ...changes,
  };
}
