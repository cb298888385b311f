import { describe, expect, it } from "vitest";
import { sinceKnown } from "../src/cards/speed";
import type { Speed } from "../src/model";

const STEP = 300;
const START = 1_700_000_000_000;

function speed(unknown: number, known: number, changes: Partial<Speed> = {}): Speed {
  const values = [...Array.from({ length: unknown }, () => null), ...Array.from({ length: known }, () => 5)];
  return {
    start: START,
    step: STEP,
    series: [{ queue: "ocr", label: "OCR", values }],
    gpu: [],
    events: [],
    missing: null,
    ...changes,
  };
}

const length = (of: Speed) => of.series[0]?.values.length;

describe("the time of the chart", () => {
  it("is the whole day once that is known, and while nothing is", () => {
    for (const whole of [speed(0, 289), speed(3, 286), speed(289, 0)]) {
      expect(sinceKnown(whole)).toBe(whole);
    }
  });

  it("is at least an hour", () => {
    const short = sinceKnown(speed(286, 3));
    expect(length(short)).toBe(13);
    expect(short.start).toBe(START + 276 * STEP * 1000);
  });

  it("is whole hours, with what happened in them", () => {
    const at = START + 200 * STEP * 1000;
    const short = sinceKnown(
      speed(200, 89, {
        events: [
          { at: START, type: "job_stuck", label: "before" },
          { at, type: "job_stuck", label: "within" },
        ],
        gpu: [
          {
            host_id: "box",
            name: "Box",
            awake: [
              [START, START + 1000],
              [START + 2000, null],
            ],
          },
        ],
      }),
    );
    expect(length(short)).toBe(97);
    expect(short.events.map(({ label }) => label)).toEqual(["within"]);
    expect(short.gpu[0]?.awake).toEqual([[START + 2000, null]]);
  });
});
