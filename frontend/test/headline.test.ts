import { afterEach, describe, expect, it, vi } from "vitest";
import { busy, gpuHost, NOW, queue, running, snapshot, stuckJob } from "../gallery/fixtures";
import { fakeHass, type Fake } from "../gallery/home-assistant";
import { withQueues } from "../gallery/queues.scenes";
import { HeadlineCard } from "../src/cards/headline";
import type { Pause, Snapshot, SubscriptionMessage } from "../src/model";

const MINUTE = 60_000;
const forHost: Pause = {
  by: "immich_admin_tools",
  reason: "gpu_offline",
  since: NOW,
  until: null,
  host: "host",
};
const waits = queue("smartSearch", { state: "paused", waiting: 86, pause: forHost });
const stalled = queue("thumbnailGeneration", { state: "stalled", waiting: 8_440, active: 10, stuck: 10 });
const lost = queue("videoConversion", { state: "worker_lost", waiting: 3 });
const tenPhotos = Object.fromEntries(
  Array.from({ length: 10 }, (_, i) => [`${i}`, stuckJob({ queue: "thumbnailGeneration", job_id: `${i}` })]),
);
const clock = (at: number) => new Date(at).toTimeString().slice(0, 5);

const settle = async () => {
  for (let i = 0; i < 8; i += 1) {
    await Promise.resolve();
  }
};

let card: HeadlineCard;
let fake: Fake;

async function show(message: Snapshot | SubscriptionMessage, language = "en"): Promise<void> {
  fake = fakeHass(message, { language });
  card = document.createElement("immich-admin-tools-headline") as HeadlineCard;
  card.setConfig({ type: "custom:immich-admin-tools-headline", entry_id: "entry" });
  card.hass = fake.hass;
  document.body.append(card);
  await settle();
}

const find = (selector: string) => card.shadowRoot?.querySelector<HTMLElement>(selector) ?? null;
const text = (element: Element | null | undefined) =>
  (element?.textContent ?? "")
    .replace(/\u00a0/g, " ")
    .replace(/\s+/g, " ")
    .trim();
const chips = () => [...(card.shadowRoot?.querySelectorAll<HTMLElement>(".chip") ?? [])];

afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
});

describe("the headline", () => {
  it.each<[string, Snapshot, string, string]>([
    [
      "unreachable",
      busy({ unreachable_since: NOW, as_of: NOW }),
      `Immich hasn’t responded since ${clock(NOW)}`,
      `Immich antwortet seit ${clock(NOW)} nicht`,
    ],
    [
      "no worker",
      withQueues([lost]),
      "Nobody is working on Video conversion",
      "Kein Worker für Video conversion",
    ],
    [
      "no workers",
      withQueues([lost, queue("ocr", { state: "worker_blocked", waiting: 1 })]),
      "Nobody is working on 2 queues",
      "Kein Worker für 2 Warteschlangen",
    ],
    [
      "standing still",
      withQueues([stalled], { stuck: tenPhotos, stuck_total: 10 }),
      "Import is standing still: 10 photos block it",
      "Import steht: 10 Fotos blockieren",
    ],
    [
      "one queue",
      withQueues([{ ...stalled, stuck: 0 }, running("ocr", 5, 1, 1)]),
      "Thumbnails isn’t moving",
      "Thumbnails steht",
    ],
    [
      "GPU host failed",
      withQueues([waits], { gpu_hosts: { host: gpuHost({ state: "wake_failed", backlog: 1_204 }) } }),
      "GPU box didn’t wake up: 1,204 jobs are waiting",
      "GPU box ist nicht aufgewacht: 1.204 Aufgaben warten", // codespell:ignore
    ],
    [
      "workers lost",
      withQueues([running("faceDetection", 900, 40, 10, { lost_slots: 1, concurrency: 5 })]),
      "Import running with 4 of 5 workers",
      "Import läuft mit 4 von 5 Workern",
    ],
    ["import", busy(), "Import running: about 5 h left", "Import läuft: noch etwa 5 h"],
    [
      "nearly done",
      withQueues([running("ocr", 4, 40, 1, { eta: null, no_eta: "nearly_done" })]),
      "Working: under 1 min left",
      "In Arbeit: noch unter 1 min", // codespell:ignore
    ],
    [
      "not known",
      withQueues([running("ocr", 4, 40, 1, { rate: null, eta: null, no_eta: "measuring" })]),
      "Working: time left not known yet",
      "In Arbeit: Restzeit noch nicht bekannt",
    ],
    [
      "waiting for the GPU host",
      withQueues([waits], { gpu_hosts: { host: gpuHost({ state: "off" }) } }),
      "Waiting for GPU box",
      "Wartet auf GPU box",
    ],
    ["a host nobody knows", withQueues([waits]), "Waiting for the GPU box", "Wartet auf die GPU-Box"],
    ["stuck", snapshot({ stuck: { a: stuckJob() }, stuck_total: 1 }), "1 photo is stuck", "1 Foto hängt"], // codespell:ignore
    ["Redis lost", snapshot({ source: "redis_lost" }), "Redis doesn’t respond", "Redis antwortet nicht"],
    ["all right", snapshot(), "Everything is all right", "Alles in Ordnung"],
  ])("%s", async (_name, shown, english, german) => {
    await show(shown);
    expect(text(find("h2"))).toBe(english);
    document.body.replaceChildren();
    await show(shown, "de");
    expect(text(find("h2"))).toBe(german);
  });

  it("says until when the GPU host is woken", async () => {
    const at = Date.now() + MINUTE;
    await show(withQueues([waits], { gpu_hosts: { host: gpuHost({ state: "off", wake_at_latest: at }) } }));
    expect(text(find("h2"))).toMatch(/^Waiting for GPU box, until .* at the latest$/);
  });

  it("says what isn't counted", async () => {
    await show(busy());
    expect(text(find(".reason"))).toBe("Metadata extraction is paused by hand and not counted");
  });

  it("names no browser's idea of HTML", async () => {
    await show(withQueues([{ ...lost, label: "<b>x</b>" }]));
    expect(text(find("h2"))).toBe("Nobody is working on <b>x</b>");
    expect(find("h2 b")).toBeNull();
  });

  it("stays with what was seen last when Home Assistant is lost", async () => {
    await show(busy());
    const listeners: (() => void)[] = [];
    document.body.replaceChildren();
    fake = fakeHass(busy());
    fake.hass.connection.addEventListener = (event, listener) =>
      void (event === "disconnected" && listeners.push(listener));
    card = document.createElement("immich-admin-tools-headline") as HeadlineCard;
    card.setConfig({ type: "x", entry_id: "entry" });
    card.hass = fake.hass;
    document.body.append(card);
    await settle();
    listeners.forEach((lose) => lose());
    await settle();
    expect(text(find("h2"))).toBe("Import running: about 5 h left");
    expect(text(find(".reason"))).toContain("Connection to Home Assistant lost.");
    expect(chips()).toEqual([]);
    expect(find(".stale")).not.toBeNull();
  });
});

describe("the progress bar", () => {
  it("says how much of it is done", async () => {
    await show(busy());
    expect(text(find(".run"))).toMatch(/^38,410 of 83,542 jobs done since /);
    expect(find("[role=progressbar]")?.getAttribute("aria-valuenow")).toBe("45");
  });

  it("is not shown when that isn't known, or out of date", async () => {
    await show(busy({ run: null }));
    expect(find(".run")).toBeNull();
    document.body.replaceChildren();
    await show(busy({ unreachable_since: NOW }));
    expect(find(".run")).toBeNull();
  });
});

describe("the chips", () => {
  it("tell what is stuck and how the GPU hosts are, and lead there", async () => {
    await show(busy());
    expect(chips().map(text)).toEqual(["2 photos are stuck", "GPU box awake"]);
    for (const [index, tag] of ["immich-admin-tools-stuck-jobs", "immich-admin-tools-gpu-host"].entries()) {
      const other = document.createElement(tag);
      const scrolled = vi.fn();
      other.scrollIntoView = scrolled;
      document.body.append(other);
      chips()[index]?.click();
      expect(scrolled).toHaveBeenCalled();
      expect(document.activeElement).toBe(other);
    }
  });

  it("lead to the card of the right host", async () => {
    await show(busy({ gpu_hosts: { b: gpuHost({ host_id: "b", state: "booting" }) } }));
    const [wrong, right] = ["a", "b"].map((host_id) => {
      const other = document.createElement("immich-admin-tools-gpu-host") as HTMLElement & {
        config?: object;
      };
      other.config = { host_id };
      other.scrollIntoView = vi.fn();
      document.body.append(other);
      return other;
    });
    chips()[1]?.click();
    expect(wrong?.scrollIntoView).not.toHaveBeenCalled();
    expect(right?.scrollIntoView).toHaveBeenCalled();
  });

  it("open the entity where the page has no such card", async () => {
    await show(busy());
    const heard = vi.fn();
    document.body.addEventListener("hass-more-info", heard);
    chips().forEach((chip) => chip.click());
    document.body.removeEventListener("hass-more-info", heard);
    expect(heard.mock.calls.map(([event]) => event.detail.entityId)).toEqual([
      "sensor.facedetection_state",
      "sensor.gpu_box_state",
    ]);
  });

  it("don't repeat the verdict", async () => {
    await show(snapshot({ stuck: { a: stuckJob() }, stuck_total: 1 }));
    expect(chips().map(text)).toEqual(["Show"]);
    expect(chips()[0]?.getAttribute("aria-label")).toBe("Show: 1 photo is stuck");
  });
});

describe("a screen reader", () => {
  it("is told a new verdict at most once a minute", async () => {
    vi.useFakeTimers();
    await show(snapshot());
    const said = () => text(find("[aria-live=polite]"));
    expect(said()).toBe("Everything is all right");
    fake.send({ type: "delta", delta: { queues: { videoConversion: lost } } });
    await settle();
    expect(text(find("h2"))).toBe("Nobody is working on Video conversion");
    expect(said()).toBe("Everything is all right");
    await vi.advanceTimersByTimeAsync(90_000);
    expect(said()).toBe("Nobody is working on Video conversion");
  });
});

describe("the card", () => {
  it("is as wide as there is room", () => {
    expect(document.createElement("immich-admin-tools-headline")).toBeInstanceOf(HeadlineCard);
    expect((document.createElement("immich-admin-tools-headline") as HeadlineCard).getGridOptions()).toEqual({
      columns: "full",
      min_columns: 6,
      rows: "auto",
    });
  });

  it("is offered for entities of ours", () => {
    const { customCards } = window as unknown as {
      customCards: { type: string; name: string; getEntitySuggestion(hass: object, id: string): unknown }[];
    };
    const listed = customCards.find(({ type }) => type === "immich-admin-tools-headline");
    expect(listed?.name).toBe("Immich headline");
    const hass = {
      entities: {
        "sensor.a": { platform: "immich_admin_tools", translation_key: "eta" },
        "sensor.b": { platform: "other", translation_key: "eta" },
      },
    };
    expect(listed?.getEntitySuggestion(hass, "sensor.a")).toEqual({
      config: { type: "custom:immich-admin-tools-headline" },
    });
    expect(listed?.getEntitySuggestion(hass, "sensor.b")).toBeNull();
  });
});
