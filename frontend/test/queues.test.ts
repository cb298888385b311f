import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { busy, gpuHost, NOW, queue, running, snapshot } from "../gallery/fixtures";
import { fakeHass, type Fake } from "../gallery/home-assistant";
import { states, withQueues } from "../gallery/queues.scenes";
import "../src/cards/queues";
import { QueuesCard, type QueuesConfig } from "../src/cards/queues";
import type { QueueRow } from "../src/elements/queue-row";
import type { Question } from "../src/elements/question";
import type { MenuItem } from "../src/elements/menu";
import type { Pause, Snapshot, SubscriptionMessage } from "../src/model";
import { HOLD, SteadyOrder, wantedOrder } from "../src/order";
import deServer from "../../custom_components/immich_admin_tools/translations/de.json";
import enServer from "../../custom_components/immich_admin_tools/translations/en.json";
import { de } from "../src/translations/de";
import { en } from "../src/translations/en";

type Answer = (service: string, data: Record<string, unknown>) => unknown;

const settle = async () => {
  for (let i = 0; i < 8; i += 1) {
    await Promise.resolve();
  }
};

let card: QueuesCard;
let fake: Fake;

async function show(
  message: Snapshot | SubscriptionMessage,
  {
    config = {},
    language = "en",
    admin = true,
    answer = (() => ({})) as Answer,
  }: { config?: Partial<QueuesConfig>; language?: string; admin?: boolean; answer?: Answer } = {},
): Promise<void> {
  fake = fakeHass(message, { language, admin });
  fake.hass.callService = async (_domain, service, data) => {
    fake.calls.push({ service, data });
    return { response: await answer(service, data ?? {}) };
  };
  card = document.createElement("immich-admin-tools-queues") as QueuesCard;
  card.setConfig({ type: "custom:immich-admin-tools-queues", entry_id: "entry", ...config });
  card.hass = fake.hass;
  document.body.append(card);
  await settle();
}

const root = () => card.shadowRoot as ShadowRoot;
const rows = () => [...root().querySelectorAll<QueueRow>("immich-tools-queue-row")];
const row = (name: string) => rows().find((one) => one.queue.name === name) as QueueRow;
const inRow = <T extends Element = HTMLElement>(name: string, selector: string) =>
  row(name).shadowRoot?.querySelector<T>(selector) ?? null;
const text = (element: Element | null | undefined) =>
  (element?.textContent ?? "")
    .replace(/\u00a0/g, " ")
    .replace(/\s+/g, " ")
    .trim();
const rowText = (name: string, selector: string) => text(inRow(name, selector));
const menu = (name: string) => inRow<HTMLElement & { items: MenuItem[] }>(name, "immich-tools-menu");
const choose = async (name: string, id: string) => {
  menu(name)?.dispatchEvent(new CustomEvent("choose", { detail: id }));
  await settle();
};
const question = (name: string) => inRow<Question>(name, "immich-tools-question");
const answerYes = async (name: string) => {
  question(name)?.dispatchEvent(new CustomEvent("yes"));
  await settle();
};
const click = async (element: Element | null | undefined) => {
  (element as HTMLElement).click();
  await settle();
};

afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
});

describe("a row", () => {
  beforeEach(() => show(states()));

  it("says how much, how fast and until when", () => {
    expect(rowText("faceDetection", ".name")).toBe("Face detection");
    expect(rowText("faceDetection", ".pill")).toBe("2 stuck");
    expect(rowText("faceDetection", ".state.wide")).toBe("Running · 5 active · 23 failed");
    expect(rowText("faceDetection", ".state.narrow")).toBe("12,450 waiting · ~42/min");
    expect(rowText("faceDetection", ".waiting")).toBe("12,450 Waiting");
    expect(rowText("faceDetection", ".rate")).toBe("~42/min");
    expect(rowText("faceDetection", ".left")).toBe("~5 h 4–6 h");
    expect(inRow("faceDetection", ".note")).toBeNull();
  });

  it("doesn't pretend to know what is being measured", () => {
    expect(rowText("ocr", ".rate")).toBe("measuring…");
    expect(rowText("ocr", ".left")).toBe("known in ~2 min");
    expect(rowText("ocr", ".state.narrow")).toBe("9,118 waiting · measuring…");
  });

  it("says who paused it", () => {
    expect(rowText("metadataExtraction", ".state.wide")).toBe("Paused by hand · 156 failed");
    expect(rowText("metadataExtraction", ".left")).toMatch(/^since /);
    expect(rowText("smartSearch", ".state.wide")).toBe("Waiting for GPU box");
    expect(rowText("smartSearch", ".note")).toContain("Resumes automatically.");
    expect(rowText("smartSearch", ".note .link")).toBe("Wake now");
  });

  it("says what stands still, and since when", () => {
    expect(rowText("thumbnailGeneration", ".state.wide")).toBe("Not moving · 10 active");
    expect(rowText("thumbnailGeneration", ".left")).toBe("Stopped for 14 min");
    expect(rowText("thumbnailGeneration", ".rate")).toBe("0/min");
    expect(rowText("thumbnailGeneration", ".note")).toContain("All 10 workers are busy");
    expect(rowText("videoConversion", ".state.wide")).toBe("No worker · 1 left behind");
    expect(rowText("videoConversion", ".note .link")).toBe("Restart workers");
  });

  it("tells what waits for its turn from what doesn't move", () => {
    expect(rowText("facialRecognition", ".state.wide")).toBe("Waiting its turn · 1 active");
    expect(rowText("facialRecognition", ".left")).toBe("after the others");
    expect(rowText("facialRecognition", ".note")).toContain("Normal");
  });

  it("is summed up in the title", () => {
    expect(text(root().querySelector(".head .secondary"))).toBe(
      "2 running · 1 paused · 2 waiting · 2 need attention",
    );
    expect(text(root().querySelector(".fold"))).toBe("12 queues are idle");
  });

  it("is in a list", () => {
    expect(root().querySelector("[role=list]")).not.toBeNull();
    expect(rows().every((one) => one.getAttribute("role") === "listitem")).toBe(true);
  });

  it("names its queue on every button", () => {
    for (const one of rows()) {
      const label = one.queue.label;
      for (const button of one.shadowRoot?.querySelectorAll("button") ?? []) {
        expect(button.getAttribute("aria-label") ?? text(button)).toContain(label);
      }
      expect(menu(one.queue.name) as unknown as { label: string }).toHaveProperty(
        "label",
        `More actions for ${label}`,
      );
    }
  });
});

describe("a queue that was resumed although its GPU box is off", () => {
  const off = { host: gpuHost({ state: "off", online: false }) };

  it("says that photos are skipped", async () => {
    await show(withQueues([running("ocr", 12, 40, 1), running("library", 3, 5, 1)], { gpu_hosts: off }));
    expect(rowText("ocr", ".note")).toContain("GPU box is off, and this queue isn’t paused");
    expect(rowText("library", ".note")).toBe("");
  });

  it("says nothing where that isn't known, or another box is on", async () => {
    for (const hosts of [
      { host: gpuHost({ state: "off", online: null }) },
      { ...off, other: gpuHost({ host_id: "other", online: true }) },
    ]) {
      await show(withQueues([running("ocr", 12, 40, 1)], { gpu_hosts: hosts }));
      expect(rowText("ocr", ".note")).toBe("");
    }
  });
});

describe("unknowns", () => {
  it("are said in words", async () => {
    const odd = running("faceDetection", 5, 1, 1, {
      eta: null,
      no_eta: "measuring",
      rate: null,
      run: { since: NOW - 600_000, done: 1 },
      average_duration: null,
      oldest_active: null,
      concurrency: null,
    });
    await show(withQueues([odd]), { config: { expanded: true } });
    expect(rowText("faceDetection", ".left")).toBe("not known yet");
    const details = rowText("faceDetection", "dl");
    expect(details).toContain("One job takes Not known");
    expect(details).toContain("Longest-running job Not known");
    expect(details).toContain("Jobs at the same time Not known");
  });

  it("have no number of blocked workers", async () => {
    await show(withQueues([queue("ocr", { state: "worker_blocked", lost_slots: null, waiting: 3 })]));
    expect(rowText("ocr", ".note")).toContain("A worker still holds");
    expect(inRow("ocr", ".pill")).toBeNull();
  });

  it("name a queue that nobody knows, and no HTML", async () => {
    const label = "<img src=x onerror=alert(1)>";
    await show(withQueues([running("brandNew", 158_402_113, 0.4, 3, { label })]));
    expect(rowText("brandNew", ".name")).toBe(label);
    expect(inRow("brandNew", "img")).toBeNull();
    expect(rowText("brandNew", ".waiting")).toBe("158,402,113 Waiting");
    expect(rowText("brandNew", ".rate")).toBe("~24/h");
    expect(inRow<HTMLElement & { icon: string }>("brandNew", "immich-tools-icon-tile")?.icon).toBe(
      "mdi:tray-full",
    );
  });
});

describe("the ways to be without news", () => {
  it("Immich only, and what would help", async () => {
    await show(withQueues([running("ocr", 12, 40, 1)], { source: "api" }));
    expect(text(root().querySelector(".source .note"))).toContain("Connected to Immich only.");
    expect(text(root().querySelector(".source .button"))).toBe("Add Redis");
  });

  it("Redis lost", async () => {
    await show(withQueues([running("ocr", 12, 40, 1)], { source: "redis_lost" }));
    expect(text(root().querySelector(".source"))).toContain("Redis doesn’t respond.");
    expect(rowText("ocr", ".rate")).toBe("about 40/min");
  });

  it("Immich lost: the last values, without buttons", async () => {
    await show(
      withQueues([running("ocr", 12, 40, 1)], { source: "api", unreachable_since: NOW, as_of: NOW }),
    );
    expect(text(root().querySelector(".head .secondary"))).toMatch(/^as of /);
    expect(text(root().querySelector(".source .note.error"))).toContain("Trying again every 5 s.");
    expect(rowText("ocr", ".state.narrow")).toMatch(/^12 waiting · last seen /);
    expect(rowText("ocr", ".left")).toBe("");
    expect(menu("ocr")).toBeNull();
    expect(inRow("ocr", ".switch")).toBeNull();
  });

  it("not loaded yet: shapes", async () => {
    fake = fakeHass(snapshot());
    fake.hass.connection.subscribeMessage = () => new Promise(() => undefined);
    card = document.createElement("immich-admin-tools-queues") as QueuesCard;
    card.setConfig({ type: "x", entry_id: "entry" });
    card.hass = fake.hass;
    document.body.append(card);
    await settle();
    expect(root().querySelector("[aria-busy=true]")).not.toBeNull();
    expect(root().querySelectorAll(".shape")).toHaveLength(3);
  });
});

describe("idle queues", () => {
  it("fold into a line that opens", async () => {
    await show(busy());
    expect(rows()).toHaveLength(6);
    const fold = root().querySelector("button.fold");
    expect(fold?.getAttribute("aria-expanded")).toBe("false");
    expect(root().querySelectorAll(".icons ha-icon")).toHaveLength(13);
    await click(fold);
    expect(rows()).toHaveLength(19);
    expect(root().querySelector("button.fold")?.getAttribute("aria-expanded")).toBe("true");
    expect(rowText("library", ".state.wide")).toBe("Idle");
  });

  it("are all there is", async () => {
    await show(snapshot());
    expect(text(root().querySelector(".head .secondary"))).toBe("all 19 idle");
    expect(text(root().querySelector(".fold"))).toMatch(/^Nothing to do since /);
  });

  it("are left out, and still it is said that all is idle", async () => {
    await show(busy(), { config: { hide_idle: true } });
    expect(root().querySelector(".fold")).toBeNull();
    document.body.replaceChildren();
    await show(snapshot(), { config: { hide_idle: true } });
    expect(text(root().querySelector(".fold"))).toMatch(/^Nothing to do since /);
    expect(root().querySelector("button.fold")).toBeNull();
  });

  it("none is known", async () => {
    await show(snapshot({ order: [], queues: {} }));
    expect(text(root().querySelector(".fold"))).toBe("No queues are known yet.");
  });
});

describe("the configuration", () => {
  it("chooses queues, a title and that all is unfolded", async () => {
    await show(busy(), { config: { queues: ["ocr", "library", "gone"], title: "Mine", expanded: true } });
    expect(rows().map((one) => one.queue.name)).toEqual(["ocr", "library"]);
    expect(text(root().querySelector("h2"))).toBe("Mine");
    expect(inRow("ocr", "#details")).not.toBeNull();
    expect(inRow("library", "#details")).toBeNull();
  });

  it("is checked", () => {
    const bad = document.createElement("immich-admin-tools-queues") as QueuesCard;
    expect(() => bad.setConfig({ type: "x", queues: "ocr" as unknown as string[] })).toThrow("list");
  });

  it("has an editor that offers the queues by name", () => {
    const { schema, computeLabel } = QueuesCard.getConfigForm();
    expect(schema.map(({ name }) => name)).toEqual(["entry_id", "title", "queues", "hide_idle", "expanded"]);
    const { select } = schema[2]?.selector as { select: { options: unknown[]; custom_value: boolean } };
    expect(select.custom_value).toBe(true);
    expect(select.options).toContainEqual({ value: "faceDetection", label: "Face detection" });
    expect(computeLabel?.(schema[3]!)).toBe("Hide idle queues");
    expect(QueuesCard.getStubConfig()).toEqual({});
  });

  it("calls the queues what the integration calls them", () => {
    for (const [words, server] of [
      [en, enServer],
      [de, deServer],
    ] as const) {
      const names = (words["queues"] as { queue: Record<string, string> }).queue;
      const { all, ...options } = server.selector.queue.options;
      expect(all).toBeTruthy();
      const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      expect(Object.fromEntries(Object.entries(names).map(([name, label]) => [snake(name), label]))).toEqual(
        options,
      );
    }
  });
});

describe("actions", () => {
  const target = (name: string) => ({ config_entry_id: "entry", queue: name });

  it("pause and resume, with one button that is disabled meanwhile", async () => {
    let finish: (answer: unknown) => void = () => undefined;
    await show(states(), { answer: () => new Promise((resolve) => (finish = resolve)) });
    await click(inRow("faceDetection", ".switch"));
    expect(fake.calls).toEqual([{ service: "pause", data: target("faceDetection") }]);
    expect(inRow<HTMLButtonElement>("faceDetection", ".switch")?.disabled).toBe(true);
    expect(inRow<HTMLButtonElement>("ocr", ".switch")?.disabled).toBe(false);
    await click(inRow("faceDetection", ".switch"));
    expect(fake.calls).toHaveLength(1);
    finish({});
    await settle();
    expect(inRow<HTMLButtonElement>("faceDetection", ".switch")?.disabled).toBe(false);
    expect(inRow("faceDetection", ".note")).toBeNull();
    expect(inRow("metadataExtraction", ".switch")?.getAttribute("aria-label")).toBe(
      "Resume Metadata extraction",
    );
    await click(inRow("metadataExtraction", ".switch"));
    expect(fake.calls[1]).toEqual({ service: "resume", data: target("metadataExtraction") });
  });

  it("a queue that we paused can't be resumed by accident", async () => {
    await show(states());
    expect(inRow("smartSearch", ".switch")).toBeNull();
    await choose("smartSearch", "resume_anyway");
    expect(fake.calls).toEqual([]);
    expect(question("smartSearch")?.question).toBe("Resume Smart search anyway?");
    await answerYes("smartSearch");
    expect(fake.calls).toEqual([{ service: "resume", data: target("smartSearch") }]);
    expect(question("smartSearch")).toBeNull();
  });

  it("wake the GPU host", async () => {
    await show(states());
    await click(inRow("smartSearch", ".note .link"));
    expect(fake.calls).toEqual([{ service: "wake", data: { device_id: "device_host" } }]);
  });

  it("don't offer to wake what can't be woken", async () => {
    await show(states({}, { can_wake: false }));
    expect(inRow("smartSearch", ".note .link")).toBeNull();
  });

  it("restart the workers, when asked and confirmed", async () => {
    await show(states(), { answer: () => ({ confirmed: true, seconds: 9.2, still_paused: [] }) });
    await click(inRow("videoConversion", ".note .link"));
    expect(fake.calls).toEqual([]);
    expect(question("videoConversion")?.consequence.replace(/\u00a0/g, " ")).toBe(
      "Immich is unavailable for about 10 s.",
    );
    await answerYes("videoConversion");
    expect(fake.calls).toEqual([{ service: "restart_workers", data: { config_entry_id: "entry" } }]);
    expect(rowText("videoConversion", ".note.success")).toContain("The workers were restarted in 9 s.");
  });

  it("offer no restart that nobody set up", async () => {
    await show(states({ restart: { configured: false, running: false, usual_seconds: null } }));
    expect(inRow("videoConversion", ".note .link")).toBeNull();
    expect(rowText("videoConversion", ".note")).toContain("Restart Immich’s container.");
  });

  it.each([
    ["retry_failed", { count: 23, skipped: [] }, "23 failed jobs were requeued.", "success"],
    [
      "retry_failed",
      { count: 1, skipped: [{}] },
      "1 failed job was requeued. 1 could not be requeued.",
      "warning",
    ],
  ])("%s at once, and tell what came of it", async (action, answer, told, tone) => {
    await show(states(), { answer: () => ({ queues: { faceDetection: answer } }) });
    await choose("faceDetection", action);
    expect(fake.calls).toEqual([{ service: action, data: target("faceDetection") }]);
    expect(rowText("faceDetection", `.note.${tone} .words`)).toBe(told);
    await click(inRow("faceDetection", `.note.${tone} .link`));
    expect(inRow("faceDetection", ".note")).toBeNull();
  });

  const job = (outcome: string, mode = "remove") => ({ outcome, mode });
  it.each([
    ["clear_failed", { count: 23 }, "23 failed jobs were cleared.", "success"],
    ["clear_waiting", { count: 12_450 }, "12,450 waiting jobs were cleared.", "success"],
    [
      "clear_stuck",
      { jobs: [job("confirmed"), job("confirmed")], skipped: [] },
      "2 stuck jobs were cleared, and their workers are free.",
      "success",
    ],
    [
      "clear_stuck",
      {
        jobs: [job("confirmed", "requeue"), job("slot_lost"), job("unconfirmed"), job("failed")],
        skipped: [{}],
      },
      "1 stuck job was requeued. 1 was cleared, but its worker is still blocked until a restart. " +
        "1 was cleared; the result could not be confirmed. 1 could not be cleared. 1 job was left untouched.",
      "warning",
    ],
    ["clear_stuck", { jobs: [], skipped: [] }, "Nothing was cleared: no job was stuck any more.", "info"],
  ])("%s asks first", async (action, answer, told, tone) => {
    await show(states(), { answer: () => ({ queues: { faceDetection: answer } }) });
    await choose("faceDetection", action);
    expect(fake.calls).toEqual([]);
    question("faceDetection")?.dispatchEvent(new CustomEvent("no"));
    await settle();
    expect(question("faceDetection")).toBeNull();
    await choose("faceDetection", action);
    expect(question("faceDetection")?.consequence).toContain("The photos stay.");
    await answerYes("faceDetection");
    expect(fake.calls).toEqual([{ service: action, data: target("faceDetection") }]);
    expect(rowText("faceDetection", `.note.${tone} .words`)).toBe(told);
  });

  it("look for missing work where Immich can", async () => {
    await show(withQueues([queue("ocr", { waiting: 3 }), running("library", 5, 1, 1)]), {
      answer: () => ({ queues: { ocr: { started: true } } }),
    });
    expect(menu("library")?.items.map(({ id }) => id)).not.toContain("run_queue");
    await choose("ocr", "run_queue");
    expect(fake.calls).toEqual([{ service: "run_queue", data: target("ocr") }]);
    expect(rowText("ocr", ".note.success .words")).toBe("Immich is adding jobs for what is missing.");
  });

  it("that fail say so in the row", async () => {
    await show(states(), {
      answer: () => {
        throw new Error("Immich refused it.");
      },
    });
    await click(inRow("faceDetection", ".switch"));
    expect(rowText("faceDetection", ".note.error .words")).toBe("That didn’t work. Immich refused it.");
    expect(inRow("ocr", ".note.error")).toBeNull();
    expect(root().querySelector(".source")).toBeNull();
  });

  it("answer something unexpected", async () => {
    await show(states(), { answer: () => ({}) });
    await choose("faceDetection", "retry_failed");
    expect(rowText("faceDetection", ".note.info .words")).toBe("Done.");
  });

  it("are offered only where they can work", async () => {
    await show(states());
    const ids = (name: string) => menu(name)?.items.map(({ id }) => id);
    expect(ids("faceDetection")).toEqual([
      "retry_failed",
      "clear_stuck",
      "clear_failed",
      "clear_waiting",
      "history",
    ]);
    expect(ids("smartSearch")).toEqual(["run_queue", "clear_waiting", "resume_anyway", "history"]);
    expect(menu("faceDetection")?.items.map(({ label }) => label)).toEqual([
      "Retry 23 failed",
      "Clear 2 stuck…",
      "Clear 23 failed…",
      "Clear 12,450 waiting…",
      "Show history",
    ]);
    document.body.replaceChildren();
    await show(
      withQueues([running("ocr", 3, 1, 1, { writable: false, failed: 3, stuck: 1, startable: false })]),
    );
    expect(ids("ocr")).toEqual(["clear_failed", "clear_waiting", "history"]);
  });

  it("are for admins: others see no buttons", async () => {
    await show(states({ may_act: false }), { admin: false });
    expect(root().querySelector("immich-tools-menu")).toBeNull();
    for (const one of rows()) {
      expect(one.shadowRoot?.querySelector("immich-tools-menu")).toBeNull();
      const buttons = [...(one.shadowRoot?.querySelectorAll("button") ?? [])].map(text);
      // What shows, and doesn't do anything.
      expect(buttons.filter((label) => label !== one.queue.label && label !== "Show stuck jobs")).toEqual([]);
      await click(one.shadowRoot?.querySelector(".name"));
      expect(one.shadowRoot?.querySelector(".panel button")).toBeNull();
    }
  });

  it("for all queues ask first, and leave alone what we paused", async () => {
    await show(states());
    const all = root().querySelector<HTMLElement & { items: MenuItem[] }>(".head immich-tools-menu");
    expect(all?.items.map(({ id }) => id)).toEqual(["pause_all", "resume_all"]);
    all?.dispatchEvent(new CustomEvent("choose", { detail: "resume_all" }));
    await settle();
    const asked = root().querySelector<Question>("immich-tools-question");
    expect(asked?.question).toBe("Resume 1 queue?");
    asked?.dispatchEvent(new CustomEvent("yes"));
    await settle();
    expect(fake.calls).toEqual([
      { service: "resume", data: { config_entry_id: "entry", queue: ["metadataExtraction"] } },
    ]);
    all?.dispatchEvent(new CustomEvent("choose", { detail: "pause_all" }));
    await settle();
    root().querySelector("immich-tools-question")?.dispatchEvent(new CustomEvent("yes"));
    await settle();
    const { queue: paused } = fake.calls[1]?.data as { queue: string[] };
    expect(paused).toHaveLength(18);
    expect(paused).not.toContain("metadataExtraction");
  });
});

describe("what a row leads to", () => {
  it("the stuck card of the page", async () => {
    await show(states());
    const other = document.createElement("immich-admin-tools-stuck-jobs");
    const scrolled = vi.fn();
    other.scrollIntoView = scrolled;
    document.body.append(other);
    const heard = vi.fn();
    document.body.addEventListener("immich-tools-show-stuck", heard, { once: true });
    await click(inRow("thumbnailGeneration", ".note .link"));
    expect(heard.mock.calls[0]?.[0].detail).toEqual({ entry_id: "entry", queue: "thumbnailGeneration" });
    expect(scrolled).toHaveBeenCalled();
    expect(document.activeElement).toBe(other);
  });

  it("the state of the queue, where there is no such card", async () => {
    await show(states());
    const heard = vi.fn();
    document.body.addEventListener("hass-more-info", heard, { once: true });
    await click(inRow("thumbnailGeneration", ".note .link"));
    expect(heard.mock.calls[0]?.[0].detail).toEqual({ entityId: "sensor.thumbnailgeneration_state" });
  });

  it("the history of the dashboard, or Home Assistant's own", async () => {
    await show(states());
    const push = vi.spyOn(history, "pushState");
    await choose("faceDetection", "history");
    expect(push.mock.lastCall?.[2]).toBe("/history?entity_id=sensor.facedetection_state");
    Object.assign(document.body, {
      lovelace: {
        urlPath: "dashboard-immich",
        config: { views: [{ path: "overview" }, { path: "history" }] },
      },
    });
    await choose("faceDetection", "history");
    expect(push.mock.lastCall?.[2]).toBe("/dashboard-immich/history");
    delete (document.body as { lovelace?: unknown }).lovelace;
    push.mockRestore();
  });
});

describe("the details", () => {
  it("open by the row's name, which a keyboard reaches", async () => {
    await show(busy());
    const name = inRow<HTMLButtonElement>("faceDetection", ".name");
    expect(name?.localName).toBe("button");
    expect(name?.getAttribute("aria-expanded")).toBe("false");
    await click(name);
    expect(name?.getAttribute("aria-expanded")).toBe("true");
    const details = rowText("faceDetection", "dl");
    for (const part of [
      "Done in this run 5,594 of 18,049 (31 %)",
      "One job takes 1.4 s, nearly always under 6 s",
      "Longest-running job 47 min",
      "Jobs at the same time 5",
      "Stuck threshold 5 min (learned: 2 min)",
      "Failed 23",
      "Active 5",
    ]) {
      expect(details).toContain(part);
    }
    await click(inRow("faceDetection", ".panel .switch-named"));
    expect(fake.calls).toEqual([
      { service: "pause", data: { config_entry_id: "entry", queue: "faceDetection" } },
    ]);
    await click(name);
    expect(inRow("faceDetection", "#details")).toBeNull();
  });

  it("say until when it is paused", async () => {
    const pause: Pause = { by: "user", reason: "user", since: NOW - 60_000, until: NOW + 60_000, host: null };
    await show(withQueues([queue("ocr", { state: "paused", waiting: 1, pause })]), {
      config: { expanded: true },
    });
    expect(rowText("ocr", "dl")).toMatch(/Paused By hand since .*, until /);
    expect(rowText("ocr", ".left")).toMatch(/^until /);
    expect(rowText("ocr", ".state.wide")).toMatch(/^Paused until /);
  });

  it("say that it is never called stuck", async () => {
    await show(withQueues([running("ocr", 3, 1, 1, { threshold: 0 })]), { config: { expanded: true } });
    expect(rowText("ocr", "dl")).toContain("Stuck threshold Never called stuck");
  });

  it("say when the box is woken at the latest", async () => {
    await show(
      states({ gpu_hosts: { host: gpuHost({ state: "off", wake_at_latest: Date.now() + 3_600_000 }) } }),
    );
    expect(rowText("smartSearch", ".left")).toMatch(/at the latest$/);
  });
});

describe("an update", () => {
  it("renders the rows it is about and no other", async () => {
    const first = busy();
    await show(first);
    const counts = new Map(
      rows().map((one) => {
        const update = vi.spyOn(one as unknown as { performUpdate(): void }, "performUpdate");
        return [one.queue.name, update];
      }),
    );
    const changed = { ...first.queues["ocr"]!, waiting: 9_000 };
    fake.send({ type: "delta", delta: { as_of: Date.now(), waiting: 1, queues: { ocr: changed } } });
    await settle();
    expect(rowText("ocr", ".waiting")).toBe("9,000 Waiting");
    for (const [name, update] of counts) {
      expect(update.mock.calls.length, name).toBe(name === "ocr" ? 1 : 0);
    }
  });

  it("of a host renders only who waits for it", async () => {
    await show(states());
    const updates = rows().map((one) =>
      vi.spyOn(one as unknown as { performUpdate(): void }, "performUpdate"),
    );
    fake.send({ type: "delta", delta: { gpu_hosts: { host: gpuHost({ state: "booting" }) } } });
    await settle();
    expect(rowText("smartSearch", ".note")).toBe("GPU box is starting. The queue resumes automatically.");
    expect(updates.filter((update) => update.mock.calls.length > 0)).toHaveLength(1);
  });
});

describe("the order", () => {
  const a = running("ocr", 900, 10, 1);
  const b = running("library", 500, 10, 1);

  it("puts first what needs a look, then what takes longest, then what is paused", () => {
    expect(wantedOrder(Object.values(states().queues))).toEqual([
      "thumbnailGeneration",
      "videoConversion",
      "faceDetection",
      "ocr",
      "facialRecognition",
      "smartSearch",
      "metadataExtraction",
    ]);
  });

  it("changes at most every 30 s, and never when held", () => {
    const order = new SteadyOrder();
    expect(order.next([a, b], 0, false)).toEqual(["ocr", "library"]);
    const swapped = [a, running("library", 5_000, 10, 1)];
    expect(order.next(swapped, HOLD - 1, false)).toEqual(["ocr", "library"]);
    expect(order.pending).toBe(true);
    expect(order.next(swapped, HOLD * 5, true)).toEqual(["ocr", "library"]);
    expect(order.next(swapped, HOLD * 5, false)).toEqual(["library", "ocr"]);
    expect(order.pending).toBe(false);
    expect(order.next([a, b], HOLD * 5 + 1, false)).toEqual(["library", "ocr"]);
  });

  it("lets a queue join at the end, and keeps one that is done in its place", () => {
    const order = new SteadyOrder();
    order.next([a, b], 0, false);
    const done = queue("ocr");
    const urgent = queue("sidecar", { state: "stalled" });
    expect(order.next([done, b, urgent], 1, false)).toEqual(["ocr", "library", "sidecar"]);
    expect(order.next([done, b, urgent], HOLD, false)).toEqual(["sidecar", "library"]);
  });

  it("forgets what is gone at once", () => {
    const order = new SteadyOrder();
    order.next([a, b], 0, false);
    expect(order.next([b], 1, true)).toEqual(["library"]);
  });

  it("isn't held by a pointer that was above rows which are gone", async () => {
    vi.useFakeTimers();
    await show(withQueues([a]), { config: { queues: ["ocr", "library"] } });
    root().querySelector("#busy")?.dispatchEvent(new Event("pointerenter"));
    fake.send({ type: "delta", delta: { order: ["library"], queues: { ocr: null } } });
    await settle();
    expect(rows()).toEqual([]);
    fake.send({ type: "delta", delta: { order: ["ocr", "library"], queues: { ocr: a, library: b } } });
    await vi.advanceTimersByTimeAsync(HOLD * 2);
    fake.send({ type: "delta", delta: { queues: { library: running("library", 5_000, 10, 1) } } });
    await vi.advanceTimersByTimeAsync(HOLD * 2);
    expect(rows().map((one) => one.queue.name)).toEqual(["library", "ocr"]);
  });

  it("waits for the pointer and the keyboard to leave, then comes by itself", async () => {
    vi.useFakeTimers();
    await show(withQueues([a, b]));
    const names = () => rows().map((one) => one.queue.name);
    expect(names()).toEqual(["ocr", "library"]);
    const list = root().querySelector("#busy");
    list?.dispatchEvent(new Event("pointerenter"));
    fake.send({ type: "delta", delta: { queues: { library: running("library", 5_000, 10, 1) } } });
    await settle();
    await vi.advanceTimersByTimeAsync(HOLD * 2);
    expect(names()).toEqual(["ocr", "library"]);
    list?.dispatchEvent(new Event("pointerleave"));
    await vi.advanceTimersByTimeAsync(100);
    expect(names()).toEqual(["library", "ocr"]);
    inRow("ocr", ".name")?.focus();
    fake.send({ type: "delta", delta: { queues: { library: b } } });
    await vi.advanceTimersByTimeAsync(HOLD * 2);
    expect(names()).toEqual(["library", "ocr"]);
    inRow("ocr", ".name")?.blur();
    list?.dispatchEvent(new Event("focusout"));
    await vi.advanceTimersByTimeAsync(100);
    expect(names()).toEqual(["ocr", "library"]);
  });
});

describe("German", () => {
  it("reads like German", async () => {
    await show(states(), { language: "de" });
    expect(text(root().querySelector("h2"))).toBe("Warteschlangen");
    expect(rowText("faceDetection", ".state.narrow")).toBe("12.450 wartend · ~42/min");
    expect(rowText("thumbnailGeneration", ".left")).toBe("Steht seit 14 min");
    expect(rowText("metadataExtraction", ".state.wide")).toBe("Von Hand pausiert · 156 fehlgeschlagen");
  });

  const keys = (words: object, path = ""): string[] =>
    Object.entries(words).flatMap(([key, value]) =>
      typeof value === "object" && !("other" in value) ? keys(value, `${path}${key}.`) : [`${path}${key}`],
    );

  it.each(["queues", "headline"])("has every text of %s", (part) => {
    expect(keys(de[part] as object).sort()).toEqual(keys(en[part] as object).sort());
  });
});
