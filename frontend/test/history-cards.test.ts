import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EVENTS, happened } from "../gallery/activity.scenes";
import { busy, outcome } from "../gallery/fixtures";
import { fakeHass, type Fake } from "../gallery/home-assistant";
import { problem } from "../gallery/problem-photos.scenes";
import { speed } from "../gallery/speed.scenes";
import { numbers } from "../gallery/statistics.scenes";
import { withUnknown } from "../src/cards/statistics";
import "../src/index";
import type { HistoryPage, ProblemAsset, Snapshot, Speed, Statistics } from "../src/model";

interface Card extends HTMLElement {
  hass: unknown;
  shadowRoot: ShadowRoot;
  updateComplete: Promise<unknown>;
  setConfig(config: object): void;
}

type Answer = (message: Record<string, unknown>) => unknown;

async function settled(card: Card): Promise<void> {
  for (let turn = 0; turn < 6; turn += 1) {
    await vi.advanceTimersByTimeAsync(0);
    await card.updateComplete;
  }
}

async function show(
  tag: string,
  answers: Record<string, Answer>,
  { language = "en", message = busy() as Snapshot } = {},
): Promise<{ card: Card; fake: Fake }> {
  const fake = fakeHass(message, {
    language,
    answers: Object.fromEntries(
      Object.entries(answers).map(([type, answer]) => [`immich_admin_tools/${type}`, answer]),
    ),
  });
  const card = document.createElement(`immich-admin-tools-${tag}`) as Card;
  card.setConfig({ type: `custom:immich-admin-tools-${tag}` });
  card.hass = fake.hass;
  document.body.append(card);
  await settled(card);
  return { card, fake };
}

const text = (card: Card) => (card.shadowRoot.textContent ?? "").replace(/\s+/g, " ");
const all = (card: Card, selector: string) => [...card.shadowRoot.querySelectorAll<HTMLElement>(selector)];

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
});

describe("what happened", () => {
  const page = (changes: Partial<HistoryPage> = {}): HistoryPage => ({
    events: EVENTS,
    next: null,
    days: 90,
    ...changes,
  });

  it("is grouped by day, the newest first, with HTML in names as text", async () => {
    const { card } = await show("activity", { history: () => page() });
    expect(all(card, ".event")).toHaveLength(EVENTS.length);
    expect(all(card, "h3").length).toBeGreaterThan(1);
    expect(text(card)).toContain("<img src=x onerror=alert(1)>");
    expect(all(card, ".what img")).toHaveLength(0);
    expect(text(card)).toContain("Nothing earlier (kept for 90 days)");
  });

  it("shows earlier pages below, each event once", async () => {
    const asked: unknown[] = [];
    const { card } = await show("activity", {
      history: ({ before }) => {
        asked.push(before);
        return before
          ? page({ events: [EVENTS[1]!, ...EVENTS.slice(2)] })
          : page({ events: EVENTS.slice(0, 2), next: "two" });
      },
    });
    expect(all(card, ".event")).toHaveLength(2);
    all(card, ".foot button")[0]!.click();
    await settled(card);
    expect(asked).toEqual([undefined, "two"]);
    expect(all(card, ".event")).toHaveLength(EVENTS.length);
    expect(all(card, ".foot button")).toHaveLength(0);
  });

  it("asks for a filter and for a queue", async () => {
    const asked: Record<string, unknown>[] = [];
    const { card } = await show("activity", {
      history: (message) => {
        asked.push(message);
        return page({ events: [] });
      },
    });
    const pauses = all(card, "input[type=radio]")[2] as HTMLInputElement;
    pauses.checked = true;
    pauses.dispatchEvent(new Event("change"));
    await settled(card);
    const queue = all(card, "select")[0] as HTMLSelectElement;
    queue.value = "ocr";
    queue.dispatchEvent(new Event("change"));
    await settled(card);
    expect(asked.map(({ filter, queue: name }) => [filter, name])).toEqual([
      ["all", undefined],
      ["pauses", undefined],
      ["pauses", "ocr"],
    ]);
    expect(text(card)).toContain("Nothing like this in the last 90 days.");
  });

  it("is asked again when something happened, and not when counts change", async () => {
    let asked = 0;
    const { fake } = await show("activity", {
      history: () => {
        asked += 1;
        return page();
      },
    });
    fake.send({ type: "delta", delta: { waiting: 5, active: 1 } });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(asked).toBe(1);
    const done = outcome();
    fake.send({ type: "delta", delta: { outcomes: { [done.key]: done } } });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(asked).toBe(2);
    for (let poll = 0; poll < 13; poll += 1) {
      fake.send({ type: "delta", delta: { as_of: Date.now() } });
      await vi.advanceTimersByTimeAsync(5_000);
    }
    expect(asked).toBe(3);
  });

  it("does not join pages between which events may be missing", async () => {
    let events = EVENTS.slice(0, 2);
    const { card, fake } = await show("activity", {
      history: ({ before }) => page(before ? { events: EVENTS.slice(2) } : { events, next: "two" }),
    });
    all(card, ".foot button")[0]!.click();
    await settled(card);
    events = [happened("worker_lost", 0), happened("worker_back", 0)];
    const done = outcome();
    fake.send({ type: "delta", delta: { outcomes: { [done.key]: done } } });
    await vi.advanceTimersByTimeAsync(5_000);
    await settled(card);
    expect(all(card, ".event")).toHaveLength(2);
    expect(all(card, ".foot button")).toHaveLength(1);
  });

  it("exports, for those who may, and tells where to", async () => {
    const { card, fake } = await show("activity", { history: () => page() });
    fake.hass.callService = async (_domain, service, data) => {
      expect([service, data]).toEqual(["export_history", { config_entry_id: "entry" }]);
      return { response: { path: "/config/immich_admin_tools/history.csv", count: 1204 } };
    };
    all(card, ".head button")[0]!.click();
    await settled(card);
    expect(text(card)).toContain("1,204 events were saved to /config/immich_admin_tools/history.csv");
    const { card: other } = await show(
      "activity",
      { history: () => page() },
      { message: busy({ may_act: false }) },
    );
    expect(all(other, ".head button")).toHaveLength(0);
  });

  it("says why it can't be shown", async () => {
    const { card } = await show("activity", {});
    expect(text(card)).toContain("Reload this page");
  });
});

describe("in numbers", () => {
  const statistics = (changes: Partial<Statistics> = {}) => ({ statistics: () => numbers(changes) });

  it("draws a bar for each day as high as it is", async () => {
    const { card } = await show("statistics", statistics());
    const heights = all(card, ".column").map(({ style }) => parseFloat(style.height));
    expect(heights).toHaveLength(7);
    expect(Math.max(...heights)).toBe(heights[5]);
    expect(heights[6]! / heights[5]!).toBeCloseTo(38_398 / 53_004);
    expect(text(card)).toContain("+12 % on the week before");
    expect(text(card)).toContain("6 of 7");
    expect(text(card)).toContain("Not measurable");
  });

  it("has no height and no NaN when all is zero, and for one value the full height", async () => {
    const { card } = await show(
      "statistics",
      statistics({ bars: [{ start: 0, jobs: 0 }], processed: 0, processed_before: 0, busiest: null }),
    );
    expect(all(card, ".column").map(({ style }) => style.height)).toEqual(["0px"]);
    expect(text(card)).not.toMatch(/NaN|Infinity/);
    const one = await show("statistics", statistics({ bars: [{ start: 0, jobs: 3 }], processed_before: 0 }));
    expect(all(one.card, ".column").map(({ style }) => style.height)).toEqual(["108px"]);
    expect(text(one.card)).toContain("None the week before");
  });

  it("keeps the place of days that nothing is known of", async () => {
    const day = 24 * 3600_000;
    const bars = [0, 1, 4].map((at) => ({ start: at * day, jobs: at + 1 }));
    expect(withUnknown(bars, day).map(({ jobs }) => jobs)).toEqual([1, 2, null, null, 5]);
    const { card } = await show("statistics", statistics({ bars }));
    expect(all(card, ".bar")).toHaveLength(5);
    expect(all(card, ".column")).toHaveLength(3);
    expect(all(card, "td").map(({ textContent }) => textContent)).toEqual([
      "1",
      "2",
      "not known",
      "not known",
      "5",
    ]);
  });

  it.each(["en", "de"])("says why something isn't known, and never 0 (%s)", async (language) => {
    for (const why of ["no_recorder", "sensor_off", "needs_redis", "not_yet"] as const) {
      const { card } = await show(
        "statistics",
        statistics({
          bars: null,
          bars_missing: why,
          processed: null,
          processed_before: null,
          busiest: null,
          average: null,
          gpu: { awake: null, wakes: 2, failed: 0 },
        }),
        { language },
      );
      const values = all(card, ".number-large").map(({ textContent }) => textContent);
      expect(values.slice(0, 4)).not.toContain("0");
      expect(all(card, ".missing")).toHaveLength(1);
      expect(text(card)).not.toMatch(/history\.|null|undefined|NaN/);
    }
  });

  it("asks for another period, and keeps what it shows until then", async () => {
    const asked: unknown[] = [];
    const { card } = await show("statistics", {
      statistics: ({ period }) => {
        asked.push(period);
        return period === "week" ? numbers() : new Promise(() => undefined);
      },
    });
    const today = all(card, "input[type=radio]")[0] as HTMLInputElement;
    today.checked = true;
    today.dispatchEvent(new Event("change"));
    await settled(card);
    expect(asked).toEqual(["week", "today"]);
    expect(text(card)).toContain("Jobs per day");
    expect(text(card)).toContain("the week before");
  });
});

describe("speed", () => {
  const day = (changes: Partial<Speed> = {}) => ({ speed: () => speed(changes) });

  it("draws an area for each queue that worked, the legend in their order from the top", async () => {
    const { card } = await show("speed", day());
    expect(all(card, "path.area")).toHaveLength(5);
    expect(all(card, ".legend li").map((item) => item.textContent!.trim().split(/\s+/)[0])).toEqual([
      "Text",
      "Face",
      "Smart",
      "Facial",
      "Thumbnails",
    ]);
    expect(all(card, ".event")).toHaveLength(2);
    expect(all(card, ".band .awake")).toHaveLength(2);
  });

  it("sums up what has no colour of its own", async () => {
    const series = Array.from({ length: 8 }, (_, index) => ({
      queue: `q${index}`,
      label: `Q${index}`,
      values: [index, index],
    }));
    const { card } = await show("speed", day({ series }));
    expect(all(card, ".legend li").map((item) => item.textContent!.replace(/\s+/g, " ").trim())).toEqual([
      "Others",
      "Q7",
      "Q6",
      "Q5",
      "Q4",
      "Q3",
    ]);
  });

  it("has the rates of now beside it, where they are known, and draws anew only for new values", async () => {
    const { card, fake } = await show("speed", day({ series: speed().series.slice(3, 5) }));
    const rates = () => all(card, ".legend b").map(({ textContent }) => textContent);
    expect(rates()).toEqual(["71", "42"]);
    const area = all(card, "path.area")[0];
    const { queues } = busy();
    fake.send({
      type: "delta",
      delta: {
        queues: {
          ocr: { ...queues["ocr"]!, rate: null },
          faceDetection: { ...queues["faceDetection"]!, rate: 0 },
        },
      },
    });
    await settled(card);
    expect(rates()).toEqual(["", "0"]);
    expect(all(card, "path.area")[0]).toBe(area);
  });

  it("has a table that says what isn't known", async () => {
    const { card } = await show(
      "speed",
      day({ series: [{ queue: "ocr", label: "OCR", values: [5, 5, null] }] }),
    );
    all(card, ".head button")[0]!.click();
    await settled(card);
    expect(all(card, "table td").map(({ textContent }) => textContent)).toEqual(["5", "5"]);
    expect(text(card)).not.toMatch(/NaN|null/);
  });

  it("says that nothing was done, that it collects, or why it can't", async () => {
    const idle = [{ queue: "ocr", label: "OCR", values: [0, 0, 0] }];
    expect(text((await show("speed", day({ series: idle }))).card)).toContain("No jobs in the last");
    const unknown = [{ queue: "ocr", label: "OCR", values: [null, null] }];
    expect(text((await show("speed", day({ series: unknown }))).card)).toContain("Collecting");
    expect(text((await show("speed", day({ series: [], missing: "not_yet" }))).card)).toContain("Collecting");
    expect(text((await show("speed", day({ series: [], missing: "sensor_off" }))).card)).toContain(
      "is disabled",
    );
  });
});

describe("problem photos", () => {
  const assets = (list: ProblemAsset[]) => ({ problem_assets: () => list });

  it("are listed with a link only to the web", async () => {
    const { card } = await show(
      "problem-photos",
      assets([problem(1), problem(2, { url: "javascript:alert(1)", times_stuck: 1 })]),
    );
    expect(all(card, "li")).toHaveLength(2);
    expect(all(card, "a").map((link) => [link.getAttribute("href"), link.getAttribute("rel")])).toEqual([
      ["https://immich.example/photos/1", "noopener noreferrer"],
    ]);
    expect(text(card)).toMatch(/stuck 4 times, last .*stuck once, last/);
  });

  it("may be none, or unnamed", async () => {
    expect(text((await show("problem-photos", assets([]))).card)).toContain("No problem photos");
    const { card } = await show(
      "problem-photos",
      assets([problem(1, { file_name: null, path: null, thumbnail: null, url: null })]),
    );
    expect(text(card)).toContain("Unknown file");
  });
});
