import { busy, gpuHost, NOW, queue, running, snapshot, stuckJob } from "./fixtures";
import { states, withQueues } from "./queues.scenes";
import type { Scene } from "./scene";
import type { Pause } from "../src/model";

const MINUTE = 60_000;
const card = "immich-admin-tools-headline";
const forHost: Pause = {
  by: "immich_admin_tools",
  reason: "gpu_offline",
  since: NOW - 62 * MINUTE,
  until: null,
  host: "host",
};
const waiting = queue("smartSearch", {
  state: "paused",
  waiting: 86,
  no_eta: "paused",
  rate: null,
  pause: forHost,
});
const stalled = queue("thumbnailGeneration", { state: "stalled", waiting: 8_440, active: 10, stuck: 10 });
const paused = busy().queues["metadataExtraction"]!;

const scene = (title: string, message: Scene["message"], more: Partial<Scene> = {}): Scene => ({
  title,
  card,
  message,
  width: 1160,
  ...more,
});

const stuckPhotos = Object.fromEntries(
  Array.from({ length: 10 }, (_, index) => {
    const job = stuckJob({ queue: "thumbnailGeneration", job_id: String(index) });
    return [job.key, job];
  }),
);

export const scenes: Scene[] = [
  scene("Import running", busy()),
  scene("Unreachable", busy({ unreachable_since: NOW - 20 * MINUTE, as_of: NOW - 20 * MINUTE })),
  scene("No worker", states()),
  scene("Standing still", withQueues([stalled], { stuck: stuckPhotos, stuck_total: 10 })),
  scene(
    "One queue standing still",
    withQueues([stalled, running("ocr", 900, 40, 10)], { stuck: stuckPhotos, stuck_total: 10 }),
  ),
  scene(
    "GPU box didn't wake up",
    withQueues([waiting], { gpu_hosts: { host: gpuHost({ state: "wake_failed", backlog: 1_204 }) } }),
  ),
  scene(
    "Workers lost",
    withQueues([running("faceDetection", 12_450, 42, 5_594, { lost_slots: 1, concurrency: 5 })], {
      lost_slots: 1,
    }),
  ),
  scene(
    "Waiting for the GPU box",
    withQueues([waiting], {
      gpu_hosts: { host: gpuHost({ state: "off", wake_at_latest: NOW + 90 * MINUTE }) },
    }),
  ),
  scene(
    "Working",
    withQueues([running("ocr", 80, 40, 40)], {
      eta: running("ocr", 80, 40, 40).eta,
      run: { since: NOW - MINUTE, done: 40 },
    }),
  ),
  scene(
    "Time left not known",
    withQueues([running("ocr", 900, 40, 40, { rate: null, eta: null, no_eta: "measuring" })]),
  ),
  scene("Stuck, nothing else to do", snapshot({ stuck: { a: stuckJob() }, stuck_total: 1 })),
  scene("All right", withQueues([paused], { gpu_hosts: { host: gpuHost({ state: "off" }) } })),
  scene("All right, nothing else", snapshot()),
  scene("Redis lost", snapshot({ source: "redis_lost" })),
  scene("Restarting", snapshot({ restart: { configured: true, running: true, usual_seconds: 10 } })),
  scene("Nothing known", snapshot({ order: [], queues: {} })),
  scene("Not loaded", { type: "not_loaded", title: "Immich", state: "setup_error", reason: null }),
];
