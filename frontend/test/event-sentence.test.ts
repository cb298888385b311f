import { describe, expect, it } from "vitest";
import { happened } from "../gallery/activity.scenes";
import { fakeHass } from "../gallery/home-assistant";
import { snapshot } from "../gallery/fixtures";
import { sentence, withoutRepeats } from "../src/cards/event-sentence";
import { Format } from "../src/format";
import integration from "../../custom_components/immich_admin_tools/translations/en.json";

/** What the integration can tell of; its tests hold that all of history/events.py is there. */
const { event_type: events, reason: reasons } = integration.entity.event.activity.state_attributes;
const TYPES = [...new Set([...Object.keys(events.state), "job_ignored"])];
const REASONS = [...new Set([...Object.keys(reasons.state), "still_stuck"])];
const DOUBTS = [
  "too_early",
  "other_run",
  "flushed",
  "no_worker",
  "paused",
  "not_moving",
  "redis_lost",
  "interrupted",
] as const;

const NAMES = { queue: () => undefined, host: (id: string) => (id === "gone" ? undefined : "Box") };

const formats = { en: format("en"), de: format("de") };

function format(language: string) {
  return new Format(fakeHass(snapshot(), { language }).hass);
}

function told(type: string, changes = {}, language: "en" | "de" = "en"): string {
  const { title, details } = sentence(happened(type, 1, changes), formats[language], NAMES);
  return [title, ...details].join(" · ").replace(/\s/g, " ");
}

const face = { queue: "faceDetection", label: "Face detection", file_name: "IMG_1.jpg", age: 2820 };

describe.each(["en", "de"] as const)("in %s", (language) => {
  it.each(TYPES)("%s is told in words", (type) => {
    for (const changes of [
      {},
      { queue: "ocr", label: "OCR", jobs: 3, duration: 90, host: "x", at_least: true, by: "auto" },
    ]) {
      const text = told(type, changes, language);
      expect(text).not.toMatch(/history\.|_|[{}]|null|undefined|NaN/);
      expect(text).not.toMatch(/^Job ignored/);
      expect(text.length).toBeGreaterThan(3);
    }
  });

  it.each(REASONS)("%s is a reason in words", (reason) => {
    expect(told("gpu_sleep_failed", { reason }, language)).not.toMatch(/history\.|_/);
  });

  it("each outcome and doubt is told in words", () => {
    for (const type of ["job_cleared", "job_requeued", "job_failed", "heal_unconfirmed"]) {
      for (const outcome of ["confirmed", "slot_lost", "unconfirmed", "failed"]) {
        for (const doubt of DOUBTS) {
          expect(told(type, { ...face, outcome, doubt }, language)).not.toMatch(/history\.|_[a-z]/);
        }
      }
    }
  });
});

it("says no more than was verified", () => {
  expect(told("job_cleared", { ...face, outcome: "confirmed", by: "user", reason: "asked" })).toBe(
    "Cleared; the worker is free · IMG_1.jpg · Face detection · was active for 47 min · by hand",
  );
  expect(told("job_cleared", { ...face, outcome: "slot_lost", by: "auto", reason: "hung" })).toBe(
    "Cleared; the worker is still blocked until a restart · IMG_1.jpg · Face detection · was active for 47 min · The job hung · by automatic healing",
  );
  expect(told("job_cleared", { ...face, outcome: "unconfirmed", doubt: "redis_lost" })).toContain(
    "Redis stopped responding",
  );
  expect(told("job_cleared", face)).toMatch(/^Cleared · /);
});

it("names what stuck, where, for how long and how", () => {
  expect(told("job_stuck", { ...face, kind: "hung" })).toBe(
    "Job stuck · IMG_1.jpg · Face detection · active for 47 min · hung",
  );
  expect(told("job_stuck", { queue: "ocr", kind: "ghost" })).toBe("Job stuck · No file · ocr · empty entry");
});

it("names the owner of a pause, and what a queue finished", () => {
  expect(told("queue_paused", { ...face, reason: "gpu_offline", by: "auto" })).toBe(
    "Face detection paused · GPU box is off; resumes automatically",
  );
  expect(told("queue_finished", { ...face, jobs: 1204, duration: 2280 })).toBe(
    "Face detection finished · 1,204 jobs in 38 min · ~32/min",
  );
  expect(told("queue_finished", { ...face, jobs: null, duration: 2280 })).toBe(
    "Face detection finished · Took 38 min",
  );
});

it("counts skipped photos, and knows when there may have been more", () => {
  // Its label is that of the host.
  expect(told("jobs_burnt", { queue: "ocr", label: "Box", jobs: 10, at_least: true, host: "x" })).toBe(
    "At least 10 photos were skipped · ocr · Box",
  );
  expect(told("gpu_ready", { host: "gone", label: null, duration: 98 })).toBe(
    "GPU box is ready · Started in 1 min 38 s",
  );
  expect(told("jobs_burnt", { ...face, jobs: 1 })).toBe("1 photo was skipped · Face detection");
});

it("can be read when the backend is newer", () => {
  expect(told("moon_landing", { reason: "small_step" })).toBe("Moon landing · Small step");
  expect(told("restart_failed", { reason: "Redis: NOPERM no permission." })).toBe(
    "Worker restart failed · Redis: NOPERM no permission.",
  );
});

it("tells an act in doubt once", () => {
  const act = happened("job_cleared", 5, { queue: "ocr", job_id: "1" });
  const doubt = { ...act, key: "other", type: "heal_unconfirmed" };
  const alone = { ...doubt, key: "alone", job_id: "2" };
  expect(withoutRepeats([act, doubt, alone])).toEqual([act, alone]);
});
