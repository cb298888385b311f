import type { Statistics } from "../src/model";
import { busy, NOW } from "./fixtures";
import type { Scene } from "./scene";

const HOUR = 3600_000;
const DAY = 24 * HOUR;
const today = new Date(NOW).setHours(0, 0, 0, 0);

const bars = {
  today: [420, 0, 0, 0, 310, 2100, 4300, 4980, 3900, 2200, 1100, 900, 640, 1200].map((jobs, hour) => ({
    start: today + hour * HOUR,
    jobs,
  })),
  week: [9120, 12_030, 3040, 800, 42_010, 53_004, 38_398].map((jobs, day) => ({
    start: today - (6 - day) * DAY,
    jobs,
  })),
  month: Array.from({ length: 30 }, (_, day) => ({
    start: today - (29 - day) * DAY,
    jobs: (day * 7919) % 50_000,
  })),
};

export function numbers(changes: Partial<Statistics> = {}): Statistics {
  return {
    bars: bars.week,
    bars_missing: null,
    processed: 158_402,
    processed_before: 141_400,
    busiest: { start: today - DAY + 20 * HOUR, end: today - DAY + 21 * HOUR, jobs: 4980 },
    average: { queue: "faceDetection", label: "Face detection", seconds: 1.4 },
    gpu: { awake: 19 * 3600, wakes: 6, failed: 1 },
    stuck: { photos: 5, videos: 2, other: 0 },
    cleared: { confirmed: 6, total: 7, restarts: 1 },
    failures: null,
    ...changes,
  };
}

const answer = (changes: Partial<Statistics> = {}) => ({
  "immich_admin_tools/statistics": (message: Record<string, unknown>) =>
    numbers({ bars: bars[message["period"] as keyof typeof bars], ...changes }),
});

const card = "immich-admin-tools-statistics";
export const scenes: Scene[] = [
  { title: "A week", card, message: busy(), answers: answer() },
  {
    title: "A month, with telemetry",
    card,
    message: busy(),
    answers: answer({ bars: bars.month, failures: { failed: 23, skipped: 4, since: NOW - 3 * DAY } }),
  },
  {
    title: "Unknown",
    card,
    message: busy(),
    answers: answer({
      bars: null,
      bars_missing: "sensor_off",
      processed: null,
      processed_before: null,
      busiest: null,
      average: null,
      gpu: null,
      stuck: { photos: 0, videos: 0, other: 0 },
      cleared: { confirmed: 0, total: 0, restarts: 0 },
    }),
  },
  {
    title: "All zero",
    card,
    message: busy(),
    answers: answer({
      bars: bars.week.map(({ start }) => ({ start, jobs: 0 })),
      processed: 0,
      processed_before: 0,
      busiest: null,
      gpu: { awake: null, wakes: 0, failed: 0 },
    }),
  },
  { title: "No answer", card, message: busy() },
];
