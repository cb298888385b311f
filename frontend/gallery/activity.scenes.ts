import type { HistoryEvent, HistoryPage } from "../src/model";
import { busy, NOW } from "./fixtures";
import { picture } from "./picture";
import type { Scene } from "./scene";

const MINUTE = 60_000;
let number = 0;

export function happened(type: string, ago: number, changes: Partial<HistoryEvent> = {}): HistoryEvent {
  number += 1;
  return {
    key: `event${number}`,
    at: NOW - ago * MINUTE,
    type,
    queue: null,
    label: null,
    job_id: null,
    asset_id: null,
    file_name: null,
    thumbnail: null,
    url: null,
    kind: null,
    age: null,
    reason: null,
    mode: null,
    by: null,
    outcome: null,
    doubt: null,
    jobs: null,
    duration: null,
    host: null,
    at_least: null,
    ...changes,
  };
}

const face = { queue: "faceDetection", label: "Face detection" };
const photo = {
  ...face,
  file_name: "IMG_4521.jpg",
  thumbnail: picture(20),
  url: "https://immich.example/photos/1",
};

export const EVENTS: HistoryEvent[] = [
  happened("job_cleared", 3, {
    ...photo,
    job_id: "1",
    age: 2820,
    mode: "remove",
    by: "user",
    outcome: "confirmed",
    reason: "asked",
  }),
  happened("job_stuck", 50, { ...photo, job_id: "1", age: 360, kind: "hung" }),
  happened("job_cleared", 84, {
    ...photo,
    queue: "thumbnailGeneration",
    label: "Thumbnails",
    file_name: "DSC_0097.NEF",
    thumbnail: picture(200),
    mode: "remove",
    age: 1200,
    by: "auto",
    outcome: "slot_lost",
    reason: "hung",
  }),
  happened("queue_resumed", 100, { ...face, reason: "by_hand" }),
  happened("gpu_ready", 390, { host: "host", reason: "ready", duration: 98 }),
  happened("gpu_wake", 392, { host: "host", reason: "wake" }),
  happened("jobs_burnt", 900, {
    queue: "smartSearch",
    label: "Smart search",
    host: "host",
    jobs: 10,
    at_least: true,
  }),
  happened("queue_paused", 1000, {
    queue: "metadataExtraction",
    label: "Metadata extraction",
    reason: "by_hand",
    by: "user",
  }),
  happened("queue_finished", 1200, {
    queue: "duplicateDetection",
    label: "Duplicate detection",
    jobs: 12_604,
    duration: 4320,
  }),
  happened("job_stuck", 3000, {
    queue: "videoConversion",
    label: "Video conversion",
    file_name: `<img src=x onerror=alert(1)>${"very-long-name".repeat(12)}.mov`,
    kind: "long_running",
    age: 5400,
  }),
];

const answer = (page: Partial<HistoryPage>) => ({
  "immich_admin_tools/history": (): HistoryPage => ({ events: EVENTS, next: "earlier", days: 90, ...page }),
});

const card = "immich-admin-tools-activity";
export const scenes: Scene[] = [
  { title: "What happened", card, width: 757, message: busy(), answers: answer({}) },
  { title: "Nothing yet", card, message: busy(), answers: answer({ events: [], next: null }) },
  {
    title: "That was all, not an admin",
    card,
    message: busy({ may_act: false }),
    answers: answer({ events: EVENTS.slice(0, 2), next: null }),
  },
  { title: "No answer", card, message: busy() },
];
