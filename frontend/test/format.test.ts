import { describe, expect, it } from "vitest";
import { fakeHass } from "../gallery/home-assistant";
import { queue, snapshot } from "../gallery/fixtures";
import { Format, isBusy, NBSP, progress, queueIcon, shortened } from "../src/format";

function format(language = "en", changes: object = {}): Format {
  const { hass } = fakeHass(snapshot(), { language });
  return new Format({ ...hass, locale: { ...hass.locale, ...changes } });
}

const plain = (text: string | null) => text?.replaceAll(NBSP, " ");
const MINUTE = 60;
const HOUR = 3600;

describe("a rate", () => {
  it.each([
    [null, undefined],
    [0, "0/min"],
    [42.4, "~42/min"],
    [0.66, "~40/h"],
    [0.001, "~1/h"],
    [1234, "~1,234/min"],
  ])("%s", (rate, shown) => {
    expect(plain(format().rate(rate)) ?? undefined).toBe(shown);
  });
});

describe("what is left", () => {
  it.each([
    [30, "under 1 min"],
    [60, "1 min"],
    [18 * MINUTE, "18 min"],
    [89 * MINUTE, "89 min"],
    [90 * MINUTE, "1.5 h"],
    [5.2 * HOUR, "5 h"],
    [30.4 * HOUR, "30 h"],
    [50 * HOUR, "2 days"],
  ])("%s s", (seconds, shown) => {
    expect(plain(format().timeLeft(seconds))).toBe(shown);
  });

  it("has both ends of its range in its own unit", () => {
    const finish = Date.now() + 5 * HOUR * 1000;
    const eta = {
      finish,
      low: finish - HOUR * 1000,
      high: finish + HOUR * 1000,
      remaining: 5 * HOUR,
    };
    expect(plain(format().timeLeftRange(eta))).toBe("4–6 h");
    expect(format().timeLeftRange({ ...eta, low: finish, high: finish })).toBeNull();
  });
});

describe("a duration", () => {
  it.each([
    [0, "0 s"],
    [59.6, "1 min"],
    [100, "1 min 40 s"],
    [47 * MINUTE, "47 min"],
    [2 * HOUR + 5 * MINUTE, "2 h 5 min"],
    [26 * HOUR, "26 h"],
    [72 * HOUR, "3 days"],
  ])("%s s", (seconds, shown) => {
    expect(plain(format().duration(seconds))).toBe(shown);
  });
});

describe("numbers", () => {
  it("are those of the user", () => {
    expect(format("de").count(12_450)).toBe("12.450");
    expect(format("en", { number_format: "decimal_comma" }).count(12_450)).toBe("12.450");
    expect(format("en", { number_format: "none" }).count(12_450)).toBe("12450");
    expect(plain(format("de").bytes(14_200_000_000))).toBe("14,2 GB");
  });
});

describe("a time", () => {
  it("has its day when that isn't today", () => {
    const now = new Date(2026, 10, 19, 15, 0).getTime();
    expect(format().time(new Date(2026, 10, 19, 14, 2).getTime(), now)).toBe("14:02");
    expect(plain(format().time(new Date(2026, 10, 18, 21, 40).getTime(), now))).toBe("Wed 21:40");
    expect(plain(format().time(new Date(2026, 9, 3, 21, 40).getTime(), now))).toMatch(/Oct 3|3 Oct/);
  });
});

describe("a clock", () => {
  it.each([
    ["en", "language", "3:05 AM"],
    ["de", "language", "03:05"],
    ["en", "24", "03:05"],
    ["de", "12", "3:05 AM"],
  ])("%s, %s", (language, time_format, shown) => {
    const at = new Date(2026, 10, 19, 3, 5).getTime();
    expect(plain(format(language, { time_format }).time(at, at))?.replace("\u202f", " ")).toBe(shown);
  });
});

describe("the progress of a run", () => {
  it("is not known without one, and counts what is left", () => {
    expect(progress({ run: null, waiting: 5, active: 0 })).toBeNull();
    expect(progress({ run: { done: 30 }, waiting: 65, active: 5 })).toBe(0.3);
    expect(progress({ run: { done: 0 }, waiting: 0, active: 0 })).toBeNull();
  });
});

it("has an icon for a queue that nobody knows", () => {
  expect(queueIcon("brandNew")).toBe("mdi:tray-full");
  expect(queueIcon("__proto__")).toBe("mdi:tray-full");
});

it("calls a queue busy while anything is in it", () => {
  expect(isBusy(queue("ocr"))).toBe(false);
  expect(isBusy(queue("ocr", { waiting: 1 }))).toBe(true);
  expect(isBusy(queue("ocr", { state: "paused" }))).toBe(true);
});

it("cuts a path in its middle", () => {
  expect(shortened("/a/b.jpg")).toBe("/a/b.jpg");
  const cut = shortened(`/start/${"x".repeat(4000)}/end.jpg`);
  expect(cut).toHaveLength(59);
  expect(cut).toMatch(/^\/start.*…x*\/end\.jpg$/);
});
