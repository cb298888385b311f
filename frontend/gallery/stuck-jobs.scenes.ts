import type { Outcome, Snapshot, StuckJob } from "../src/model";
import { NOW, busy, outcome, queue, running, snapshot, stuckJob } from "./fixtures";
import type { Scene } from "./scene";

const card = "immich-admin-tools-stuck-jobs";
const MINUTE = 60_000;

function withStuck(jobs: StuckJob[], changes: Partial<Snapshot> = {}, total = jobs.length): Snapshot {
  const base = snapshot();
  const queues = { ...base.queues };
  for (const job of jobs) {
    const of = queues[job.queue]?.active
      ? queues[job.queue]
      : running(job.queue, 12_450, 42, 5594, { stuck: 0 });
    if (of) {
      queues[job.queue] = {
        ...of,
        stuck: of.stuck + total / jobs.length,
        slow: of.slow + (job.kind === "long_running" ? 1 : 0),
      };
    }
  }
  return {
    ...base,
    queues: { ...queues, ...changes.queues },
    stuck: Object.fromEntries(jobs.map((job) => [job.key, job])),
    stuck_total: total,
    ...Object.fromEntries(Object.entries(changes).filter(([key]) => key !== "queues")),
  };
}

function withOutcome(changes: Partial<Outcome>, more: Partial<Snapshot> = {}): Snapshot {
  const came = outcome(changes);
  return snapshot({ outcomes: { [came.key]: came }, ...more });
}

const faces = (changes: object) => ({ ...snapshot().queues, faceDetection: queue("faceDetection", changes) });

const video = stuckJob({
  queue: "videoConversion",
  job_id: "v1",
  type: "VIDEO",
  since: NOW - 41 * MINUTE,
  file_name: "GX010042_4K60.mp4",
  path: "/external/Action cam/2025/GX010042_4K60.mp4",
});

const many = Array.from({ length: 50 }, (_, i) =>
  stuckJob({ job_id: `${i}`, file_name: `IMG_${4000 + i}.jpg`, since: NOW - (90 - i) * MINUTE }),
);

export const scenes: Scene[] = [
  { title: "Two hung", message: busy() },
  { title: "Hung", message: withStuck([stuckJob()]) },
  {
    title: "Orphaned",
    message: withStuck([
      stuckJob({
        kind: "orphaned",
        queue: "thumbnailGeneration",
        file_name: "DSC_0097.NEF",
        path: "/external/Photos/2021/Norway/Day 3/raw/DSC_0097.NEF",
        since: NOW - 4 * MINUTE,
        actions: ["requeue", "clear"],
      }),
    ]),
  },
  {
    title: "Worker lost",
    message: withStuck([{ ...video, file_name: "VID_20240803_1511.mp4", actions: ["restart"] }], {
      queues: {
        videoConversion: queue("videoConversion", {
          state: "worker_lost",
          state_since: NOW - 6 * MINUTE,
          worker: false,
          stuck: 1,
        }),
      },
    }),
  },
  {
    title: "Maybe just long",
    message: withStuck([
      { ...video, kind: "long_running", threshold: 1800, size: 14.2e9, actions: ["ignore", "clear"] },
    ]),
  },
  {
    title: "Ghost",
    message: withStuck([
      stuckJob({
        kind: "ghost",
        name: null,
        asset_id: null,
        file_name: null,
        path: null,
        size: null,
        type: null,
        url: null,
        actions: ["clear"],
      }),
    ]),
  },
  { title: "Nothing is stuck", message: snapshot() },
  { title: "Nothing is stuck, wide", message: snapshot(), width: 640 },
  { title: "Under way", message: withStuck([stuckJob({ under_way: true })]) },
  { title: "Outcome: confirmed", message: withOutcome({}) },
  {
    title: "Outcome: slot lost",
    message: withOutcome(
      { outcome: "slot_lost" },
      { lost_slots: 1, queues: faces({ lost_slots: 1, concurrency: 5 }) },
    ),
  },
  { title: "Outcome: could not confirm", message: withOutcome({ outcome: "unconfirmed", doubt: "paused" }) },
  { title: "Outcome: failed", message: withOutcome({ outcome: "failed", by: "auto" }) },
  {
    title: "Slot lost, nothing stuck",
    message: snapshot({ lost_slots: 2, queues: faces({ lost_slots: 2, concurrency: 5 }) }),
  },
  {
    title: "Immich API only",
    message: withStuck([stuckJob({ actions: ["restart", "ignore"] })], { source: "api" }),
  },
  { title: "Not an admin", message: busy({ may_act: false }), admin: false },
  {
    title: "Mixed kinds",
    message: withStuck([
      stuckJob(),
      video,
      stuckJob({
        kind: "orphaned",
        queue: "ocr",
        job_id: "o",
        actions: ["requeue", "clear"],
        file_name: "DSC_0097.NEF",
      }),
      {
        ...video,
        key: "videoConversion/v2",
        job_id: "v2",
        kind: "long_running",
        threshold: 1800,
        size: null,
        actions: ["ignore", "clear"],
      },
    ]),
  },
  { title: "1,000 stuck", message: withStuck(many, {}, 1000) },
  {
    title: "Long path, HTML in the name",
    message: withStuck([
      stuckJob({
        file_name: "<img src=x onerror=alert(1)>.jpg",
        path: `/external/${"very long folder/".repeat(235)}x.jpg`,
      }),
    ]),
  },
  {
    title: "Immich doesn’t answer",
    message: withStuck([stuckJob()], { unreachable_since: NOW - 20 * MINUTE, as_of: NOW - 20 * MINUTE }),
  },
  {
    title: "Redis lost",
    message: withStuck([stuckJob({ actions: ["restart", "ignore"] })], { source: "redis_lost" }),
  },
  {
    title: "Restarting",
    message: snapshot({ restart: { configured: true, running: true, usual_seconds: 10 } }),
  },
  {
    title: "Not loaded",
    message: { type: "not_loaded", title: "Immich", state: "setup_retry", reason: null },
  },
].map((scene) => ({ card, answers: { "immich_admin_tools/ignore_job": () => ({}) }, ...scene }) as Scene);
