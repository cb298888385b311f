import type { Speed } from "../src/model";
import { busy, NOW } from "./fixtures";
import type { Scene } from "./scene";

const HOUR = 3600_000;
const STEP = 300;
const POINTS = 288;
const start = NOW - POINTS * STEP * 1000;

/** Work in the evening, in the night, and since the morning. */
function day(level: number, from: number, seed: number): (number | null)[] {
  return Array.from({ length: POINTS }, (_, index) => {
    const hour = (index * STEP) / 3600;
    const wave = 1 + 0.08 * Math.sin(index / (2 + seed)) + 0.05 * Math.sin(index * seed);
    const rising = (begin: number) => Math.min(1, Math.max(0, (hour - begin) / 2));
    const evening = hour > 2 && hour < 5 ? 0.6 * Math.min(1, (hour - 2) * 2) : 0;
    const falling = hour >= 5 && hour < 6 ? 0.6 * (6 - hour) ** 3 : 0;
    return Math.round(level * wave * Math.max(evening, falling, rising(from)) * 10) / 10;
  });
}

const without = (values: (number | null)[], from: number, to: number) =>
  values.map((value, index) => (index >= from && index < to ? null : value));

export function speed(changes: Partial<Speed> = {}): Speed {
  return {
    start,
    step: STEP,
    series: [
      { queue: "thumbnailGeneration", label: "Thumbnails", values: day(85, 16, 1) },
      { queue: "facialRecognition", label: "Facial recognition", values: day(180, 18, 2) },
      { queue: "smartSearch", label: "Smart search", values: day(64, 17.5, 3) },
      { queue: "faceDetection", label: "Face detection", values: day(42, 17.5, 4) },
      { queue: "ocr", label: "Text recognition (OCR)", values: day(71, 17.5, 5) },
      { queue: "sidecar", label: "Sidecar files", values: day(0, 20, 6) },
    ],
    gpu: [
      {
        host_id: "host",
        name: "GPU box",
        awake: [
          [start + 2 * HOUR, start + 5 * HOUR],
          [start + 17.5 * HOUR, null],
        ],
      },
    ],
    events: [
      { at: start + 4 * HOUR, type: "job_stuck", label: "Job stuck: DSC_0097.NEF" },
      { at: NOW - 1.6 * HOUR, type: "job_stuck", label: "Job stuck: IMG_4521.jpg" },
    ],
    missing: null,
    ...changes,
  };
}

const answer = (changes: Partial<Speed> = {}) => ({ "immich_admin_tools/speed": () => speed(changes) });
const gaps = speed().series.map((one) => ({ ...one, values: without(without(one.values, 0, 30), 210, 230) }));

const card = "immich-admin-tools-speed";
export const scenes: Scene[] = [
  { title: "A day", card, width: 757, message: busy(), answers: answer() },
  {
    title: "Gaps: not known, not 0; eight queues",
    card,
    width: 757,
    message: busy(),
    answers: answer({ series: [...gaps, ...gaps.slice(0, 2)] }),
  },
  {
    title: "Nothing to do",
    card,
    message: busy(),
    answers: answer({
      series: speed().series.map((one) => ({ ...one, values: one.values.map(() => 0) })),
      events: [],
    }),
  },
  {
    title: "Collecting",
    card,
    message: busy(),
    answers: answer({ series: [], gpu: [], events: [], missing: "not_yet" }),
  },
  {
    title: "Not recorded",
    card,
    message: busy(),
    answers: answer({ series: [], gpu: [], events: [], missing: "no_recorder" }),
  },
  { title: "No answer", card, message: busy() },
];
