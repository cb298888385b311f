import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { busy, NOW, outcome, queue, snapshot, stuckJob } from "../gallery/fixtures";
import { fakeHass, type Fake } from "../gallery/home-assistant";
import { scenes } from "../gallery/stuck-jobs.scenes";
import "../src/cards/stuck-jobs";
import type { StuckJobsCard } from "../src/cards/stuck-jobs";
import type { Question } from "../src/elements/question";
import type { StuckItem } from "../src/elements/stuck-item";
import { Format } from "../src/format";
import type { Doubt, Outcome, OutcomeVerdict, Snapshot, StuckJob, SubscriptionMessage } from "../src/model";
import { noteOf, titleKey, type Answer } from "../src/stuck-story";
import { de } from "../src/translations/de";
import { en } from "../src/translations/en";

const settle = async () => {
  for (let i = 0; i < 12; i += 1) {
    await Promise.resolve();
  }
};

let card: StuckJobsCard;
let fake: Fake;
let asked: Record<string, unknown>[] = [];
/** What the next action answers; it stays open until then. */
let finish: (answer: unknown) => void;
let fail: (error: unknown) => void;

async function show(
  message: Snapshot | SubscriptionMessage,
  { language = "en", admin = true } = {},
): Promise<void> {
  fake = fakeHass(message, { language, admin });
  fake.hass.callService = (_domain, service, data) => {
    fake.calls.push({ service, data });
    return new Promise((resolve, reject) => {
      finish = (answer) => resolve({ response: answer });
      fail = reject;
    });
  };
  fake.hass.callWS = async <T>(request: Record<string, unknown>) => {
    asked.push(request);
    return {} as T;
  };
  card = document.createElement("immich-admin-tools-stuck-jobs") as StuckJobsCard;
  card.setConfig({ type: "custom:immich-admin-tools-stuck-jobs", entry_id: "entry" });
  card.hass = fake.hass;
  document.body.append(card);
  await settle();
}

const scene = (title: string) => {
  const found = scenes.find((one) => one.title === title);
  if (!found) {
    throw new Error(`no scene ${title}`);
  }
  return found.message as Snapshot;
};
const text = (of: Node | null | undefined) => (of?.textContent ?? "").replace(/[\u00a0\s]+/g, " ").trim();
const root = () => card.shadowRoot as ShadowRoot;
const items = () => [...root().querySelectorAll<StuckItem>("immich-tools-stuck-item")];
const item = (index = 0) => items()[index] as StuckItem;
const inItem = <T extends Element = HTMLElement>(selector: string, index = 0) =>
  item(index)?.shadowRoot?.querySelector<T>(selector) ?? null;
const press = async (action: string, index = 0) => {
  inItem<HTMLElement>(`[data-action="${action}"]`, index)?.click();
  await settle();
};
const question = () =>
  inItem<Question>("immich-tools-question") ?? root().querySelector<Question>("immich-tools-question");
const say = async (answer: "yes" | "no") => {
  question()?.shadowRoot?.querySelector<HTMLElement>(`.${answer}`)?.click();
  await settle();
};
const note = (index = 0) => text(inItem(".note", index));
const told = () => text(root().querySelector(".told"));
const all = () =>
  text(root()) +
  items()
    .map((one) => text(one.shadowRoot))
    .join(" ");
const only = (changes: Partial<StuckJob> = {}, more: Partial<Snapshot> = {}) => {
  const job = stuckJob(changes);
  return snapshot({
    stuck: { [job.key]: job },
    stuck_total: 1,
    queues: { ...snapshot().queues, [job.queue]: queue(job.queue, { state: "running", stuck: 1 }) },
    ...more,
  });
};
const healed = (verdict: OutcomeVerdict, doubt: Doubt | null = null) => ({
  queues: {
    faceDetection: {
      jobs: [{ job_id: "1", age: 2820, mode: "remove", outcome: verdict, doubt }],
      skipped: [],
      count: 1,
    },
  },
});

beforeEach(() => {
  asked = [];
  sessionStorage.clear();
});
afterEach(() => {
  card?.remove();
  vi.useRealTimers();
});

describe("clearing", () => {
  it("asks first, naming what is missing afterwards, and does nothing on no or Escape", async () => {
    await show(only());
    await press("clear");
    expect(text(question()?.shadowRoot)).toContain(
      "Clear this job? The photo itself stays. Its faces are missing until you run Face detection for “missing”.",
    );
    expect(fake.calls).toEqual([]);
    await say("no");
    expect(question()).toBeNull();
    expect(item().shadowRoot?.activeElement?.getAttribute("data-action")).toBe("clear");
    await press("clear");
    question()
      ?.shadowRoot?.querySelector(".yes")
      ?.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true, composed: true }));
    await settle();
    expect(question()).toBeNull();
    expect(fake.calls).toEqual([]);
  });

  it("calls the action for that very job, tells what goes on, then what was verified", async () => {
    await show(only());
    await press("clear");
    await say("yes");
    expect(fake.calls).toEqual([
      {
        service: "clear_job",
        data: { config_entry_id: "entry", queue: ["faceDetection"], job_id: "1", mode: "remove" },
      },
    ]);
    expect(note()).toContain("Clearing.");
    fake.send({
      type: "delta",
      delta: { as_of: Date.now(), stuck: { "faceDetection/1": null }, stuck_total: 0 },
    });
    await settle();
    expect(note()).toContain("Cleared. Now checking whether the worker is free again: up to 30 s.");
    finish(healed("confirmed"));
    await settle();
    expect(note()).toContain("Cleared, and the worker is free.");
    expect(inItem("[aria-live=polite]")?.contains(inItem(".note"))).toBe(true);
    expect(root().querySelector(".nothing")).toBeNull();
    inItem<HTMLElement>(".note .button.icon")?.click();
    await settle();
    expect(items()).toHaveLength(0);
    expect(text(root())).toContain("Nothing is stuck");
  });

  it("says that nothing was cleared when it finished on its own", async () => {
    await show(only());
    await press("clear");
    await say("yes");
    fail({ code: "service_validation_error", message: "Job 1 …", translation_key: "job_raced" });
    await settle();
    expect(note()).toContain("Nothing was cleared. The job finished or was started again just before.");
    expect(note()).not.toContain("Cleared,");
  });

  it("shows what went wrong in the same place", async () => {
    await show(only());
    await press("clear");
    await say("yes");
    fail({ code: "home_assistant_error", message: "Redis is <b>gone</b>" });
    await settle();
    expect(note()).toContain("That didn’t work. Redis is <b>gone</b>");
    expect(inItem("b")).toBeNull();
  });
});

describe("the other actions", () => {
  it("requeues at once: nothing is lost by it", async () => {
    await show(only({ kind: "orphaned", actions: ["requeue", "clear"] }));
    expect(inItem(".button.main")?.getAttribute("aria-label")).toBe("Requeue: IMG_4521.jpg");
    await press("requeue");
    expect(fake.calls).toEqual([
      {
        service: "clear_job",
        data: { config_entry_id: "entry", queue: ["faceDetection"], job_id: "1", mode: "requeue" },
      },
    ]);
  });

  it("leaves what may be big alone for half an hour, and ignores the rest for good", async () => {
    await show(only({ kind: "long_running", actions: ["ignore", "clear"] }));
    expect(text(inItem(".button.main"))).toBe("Leave it 30 min");
    await press("ignore");
    const ignore = {
      type: "immich_admin_tools/ignore_job",
      entry_id: "entry",
      queue: "faceDetection",
      job_id: "1",
    };
    expect(asked.filter((one) => one["type"] === ignore.type)).toEqual([{ ...ignore, for: 1800 }]);
    card.remove();
    asked = [];
    await show(only({ actions: ["clear", "ignore"] }));
    await press("ignore");
    expect(asked.filter((one) => one["type"] === ignore.type)).toEqual([ignore]);
    expect(fake.calls).toEqual([]);
  });

  it("says that clear and restart is about all of them, and how long Immich is away", async () => {
    await show(only());
    await press("clear_and_restart");
    expect(text(question()?.shadowRoot)).toContain("Immich is unavailable for about 10 s");
    await say("yes");
    expect(fake.calls).toEqual([{ service: "clear_all_and_restart", data: { config_entry_id: "entry" } }]);
    finish({
      ...healed("confirmed"),
      restart: { confirmed: true, seconds: 12, missing: [], still_paused: [] },
    });
    await settle();
    expect(told()).toContain(
      "1 job cleared, and its worker is free. Workers restarted. All of them were running again after 12 s.",
    );
  });

  it("restarts after asking, and says when that could not be confirmed", async () => {
    await show(only({ actions: ["restart", "ignore"] }, { source: "api" }));
    expect(text(item().shadowRoot)).toContain("restarting the workers still helps");
    await press("restart");
    expect(fake.calls).toEqual([]);
    await say("yes");
    expect(fake.calls).toEqual([{ service: "restart_workers", data: { config_entry_id: "entry" } }]);
    finish({ confirmed: false, seconds: 3, missing: ["ocr"], still_paused: [] });
    await settle();
    expect(told()).toContain(
      "could not confirm that all workers are back. No worker yet: Text recognition (OCR).",
    );
  });
});

describe("several", () => {
  it("say the reason once above and restart once below", async () => {
    await show(busy());
    expect(text(root())).toContain(
      "Immich is still holding both. Clearing frees the list; only a restart frees the 2 workers.",
    );
    expect(items().map((one) => one.reason)).toEqual(["", ""]);
    expect(items().map((one) => one.actions)).toEqual([
      ["clear", "ignore"],
      ["clear", "ignore"],
    ]);
    expect(text(root().querySelector(".once"))).toBe("Clear and restart");
    expect(text(root().querySelector(".head"))).toBe("Stuck photos 2 Clear both");
  });

  it("are cleared together after asking, each in the way that is best for it", async () => {
    await show(busy());
    root().querySelector<HTMLElement>(".all")?.click();
    await settle();
    expect(text(question()?.shadowRoot)).toContain("Clear 2 jobs?");
    expect(fake.calls).toEqual([]);
    await say("yes");
    expect(fake.calls).toEqual([
      { service: "clear_stuck", data: { config_entry_id: "entry", queue: ["faceDetection"] } },
    ]);
    finish({
      queues: { faceDetection: { jobs: [], skipped: [{ job_id: "1", reason: "raced" }], count: 0 } },
    });
    await settle();
    expect(told()).toBe("1 job was left alone.");
  });

  it("never take what may simply be big with them without a word", async () => {
    const slow = stuckJob({ job_id: "3", kind: "long_running", actions: ["ignore", "clear"] });
    const jobs = [stuckJob(), stuckJob({ job_id: "2" }), slow];
    await show(
      snapshot({
        stuck: Object.fromEntries(jobs.map((job) => [job.key, job])),
        stuck_total: 3,
        queues: { ...snapshot().queues, faceDetection: queue("faceDetection", { stuck: 3, slow: 1 }) },
      }),
    );
    root().querySelector<HTMLElement>(".all")?.click();
    await settle();
    expect(text(question()?.shadowRoot)).toContain("1 of them may simply be big.");
  });

  it("by the thousand are folded, and no more than fifty are rendered", async () => {
    await show(scene("1,000 stuck"));
    expect(items()).toHaveLength(5);
    expect(text(root())).toContain("Clear all 1,000…");
    const more = root().querySelector<HTMLElement>(".more");
    expect(text(more)).toBe("Show 995 more");
    more?.click();
    await settle();
    expect(items()).toHaveLength(50);
    expect(text(root())).toContain("950 more aren’t listed here.");
  });
});

describe("what came of it", () => {
  const format = new Format(fakeHass(snapshot()).hass);
  const verdicts: [OutcomeVerdict, Doubt | null, string][] = [
    ["confirmed", null, "Cleared, and the worker is free."],
    ["slot_lost", null, "Cleared, but the worker is still blocked. Only a restart frees it."],
    ["failed", null, "Nothing was changed."],
    ["unconfirmed", "too_early", "Cleared; could not confirm the rest. It is too early"],
    ["unconfirmed", "other_run", "Cleared; could not confirm the rest. The job is running again"],
    ["unconfirmed", "flushed", "Cleared; could not confirm the rest. Redis was emptied"],
    ["unconfirmed", "no_worker", "Cleared; could not confirm the rest. Nobody is working on Face detection"],
    ["unconfirmed", "paused", "Cleared; could not confirm the rest. Face detection is paused"],
    ["unconfirmed", "not_moving", "Cleared; could not confirm the rest. Jobs wait in Face detection"],
    ["unconfirmed", "redis_lost", "Not known whether it was cleared."],
    ["unconfirmed", "interrupted", "Not known whether it was cleared."],
  ];
  it.each(verdicts)("%s, %s", (verdict, doubt, words) => {
    const answer: Answer = {
      is: "outcome",
      outcome: verdict,
      doubt,
      mode: "remove",
      by: "user",
      at: NOW,
      age: 60,
    };
    const of = snapshot({
      queues: { ...snapshot().queues, faceDetection: queue("faceDetection", { lost_slots: null }) },
    });
    const { verdict: said, more } = noteOf(answer, outcome(), of, format);
    expect(`${said} ${more}`).toContain(words);
  });

  it.each(["en", "de"] as const)("has words for all that can be said (%s)", (language) => {
    const words = { en, de }[language]["stuck_jobs"] as Record<string, Record<string, string>>;
    expect(Object.keys(words["skipped"] ?? {}).sort()).toEqual(
      [
        "blocked",
        "bullmq_heals",
        "gone",
        "live_lock",
        "no_worker",
        "not_stuck",
        "only_remove",
        "raced",
        "unsupported",
        "younger_than_asked",
      ].sort(),
    );
    expect(Object.keys(words["doubt"] ?? {})).toHaveLength(8);
  });

  it("counts the workers that are left, offers the restart, and stays dismissed", async () => {
    const lost = outcome({ outcome: "slot_lost" });
    const message = snapshot({
      outcomes: { act1: lost },
      lost_slots: 1,
      queues: {
        ...snapshot().queues,
        faceDetection: queue("faceDetection", { lost_slots: 1, concurrency: 5 }),
      },
    });
    await show(message);
    expect(note()).toContain("Face detection continues with 4 of 5 workers until a restart.");
    await press("restart");
    expect(fake.calls).toEqual([]);
    await say("yes");
    expect(fake.calls).toEqual([{ service: "restart_workers", data: { config_entry_id: "entry" } }]);
    card.remove();
    await show(message);
    inItem<HTMLElement>(".note .button.text")?.click();
    await settle();
    expect(items()).toHaveLength(0);
    expect(text(root())).toContain("1 worker is still blocked.");
    card.remove();
    await show(message);
    expect(items()).toHaveLength(0);
  });

  it("names five, and says that there is more", async () => {
    const came = Array.from({ length: 8 }, (_, i) => outcome({ key: `act${i}`, job_id: `${i}`, by: "auto" }));
    await show(snapshot({ outcomes: Object.fromEntries(came.map((one) => [one.key, one])) }));
    expect(items()).toHaveLength(5);
    expect(note()).toContain("By automatic healing.");
    expect(text(root())).toContain("3 more results are in the history.");
  });

  it("is forgotten after ten minutes", async () => {
    await show(snapshot({ outcomes: { act1: outcome({ at: Date.now() - 601_000 }) } }));
    expect(items()).toHaveLength(0);
  });

  it("does not hide that the same job got stuck anew", async () => {
    const came: Outcome = outcome({ at: Date.now() - 60_000 });
    await show(only({ since: Date.now() - 30_000 }, { outcomes: { act1: came } }));
    expect(inItem("[data-action=clear]")).not.toBeNull();
  });
});

describe("what is shown", () => {
  it("has no buttons for who may not act", async () => {
    await show(busy({ may_act: false }), { admin: false });
    expect(items().flatMap((one) => one.actions)).toEqual([]);
    expect(root().querySelector(".all, .once")).toBeNull();
  });

  it("has none while somebody else acts, nor while Immich doesn’t answer", async () => {
    await show(only({ under_way: true }));
    expect(note()).toContain("This job is being handled right now.");
    expect(inItem("[data-action]")).toBeNull();
    card.remove();
    await show(scene("Immich doesn’t answer"));
    expect(text(root())).toContain("Immich hasn’t responded since");
    expect(inItem("[data-action]")).toBeNull();
  });

  it("doesn’t say that nothing is stuck when that isn’t known", async () => {
    await show(snapshot({ source: "api", unreachable_since: NOW - 60_000 }));
    expect(text(root())).not.toContain("Nothing is stuck");
    expect(text(root())).toContain("Nothing was stuck");
  });

  it("keeps HTML text, and cuts a path of 4,000 characters", async () => {
    await show(scene("Long path, HTML in the name"));
    expect(inItem("img")).toBeNull();
    expect(text(inItem("h3"))).toBe("<img src=x onerror=alert(1)>.jpg");
    const path = inItem<HTMLElement>(".facts span[title]");
    expect(text(path).length).toBeLessThan(60);
    expect(path?.title.length).toBeGreaterThan(3900);
  });

  it("says when it happens again and again", async () => {
    await show(only({ times_stuck: 3 }));
    expect(text(inItem(".facts"))).toContain("Stuck 3 times so far");
  });

  it("never opens anything but a web page", async () => {
    await show(snapshot({ outcomes: { act1: outcome({ url: "javascript:alert(1)" }) } }));
    expect(inItem("a")?.getAttribute("href") ?? null).toBeNull();
  });

  it.each([
    [[{ asset_id: "a", type: "IMAGE" }], false, "Stuck photos", "Hängende Fotos"],
    [[{ asset_id: "a", type: "VIDEO" }], true, "Slow videos", "Langsame Videos"],
    [
      [
        { asset_id: "a", type: "IMAGE" },
        { asset_id: "b", type: "VIDEO" },
      ],
      false,
      "Stuck files",
      "Hängende Dateien",
    ],
    [[{ asset_id: null, type: null }], false, "Stuck jobs", "Hängende Aufgaben"],
  ] as const)("is titled by what is in it: %o", (jobs, slow, english, german) => {
    const key = titleKey([...jobs], slow);
    expect(new Format(fakeHass(snapshot()).hass).words.text(key)).toBe(english);
    expect(new Format(fakeHass(snapshot(), { language: "de" }).hass).words.text(key)).toBe(german);
  });

  it.each(scenes.map((one) => [one.title, one] as const))(
    "has words for everything: %s",
    async (_title, one) => {
      for (const language of ["en", "de"]) {
        await show(one.message, { language });
        expect(all()).not.toMatch(/stuck_jobs\.|\{\w+\}|undefined|NaN|null/);
        card.remove();
      }
    },
  );
});
