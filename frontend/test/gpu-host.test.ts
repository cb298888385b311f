import { afterEach, describe, expect, it } from "vitest";
import { gpuHost, NOW, queue, snapshot } from "../gallery/fixtures";
import { hosts, scenes } from "../gallery/gpu-host.scenes";
import { fakeHass, type Fake } from "../gallery/home-assistant";
import "../src/cards/gpu-host";
import type { GpuHostCard } from "../src/cards/gpu-host";
import { Format } from "../src/format";
import { dayOf, hostStory } from "../src/host-story";
import type { GpuHost, Snapshot, SubscriptionMessage } from "../src/model";

const HOUR = 3_600_000;
const format = new Format(fakeHass(snapshot()).hass);
const plain = (said: string) => said.replace(/[\u00a0\s]+/g, " ").trim();
const storyOf = (changes: Partial<GpuHost>, queues = snapshot().queues) =>
  hostStory(gpuHost(changes), queues, format, NOW);

describe("the story of a host", () => {
  it.each([
    ["Off, work is piling up", "Off · 340 jobs waiting", "Wakes at 500 jobs, at the latest at", ["wake"]],
    ["Off, nothing to do", "Off", "No jobs are waiting. Wakes at 500 jobs.", ["wake"]],
    [
      "Off, not allowed yet",
      "Off until",
      "1,204 jobs are waiting. You set that it may only be woken from 22:00 to 06:00.",
      ["wake"],
    ],
    ["Waking", "Waking…", "Signal to wake up sent 20 s ago, try 1 of 3. No answer yet.", ["sleep"]],
    ["Booting", "Booting…", "that usually takes 1 min 40 s", ["sleep"]],
    ["Working", "Awake and working", "", ["sleep"]],
    ["Awake, nothing to do", "Awake · off in 8 min", "Nothing has come in for 7 min.", ["wake", "sleep"]],
    ["Draining", "Finishing 6 jobs, then off", "212 jobs are waiting.", ["wake"]],
    ["Shutting down", "Shutting down…", "still answers", ["wake"]],
    ["Wake failed", "Didn’t wake up", "3 tries, the last at", ["wake"]],
    [
      "Gone while working",
      "Lost while working",
      "10 jobs may have been skipped: Smart search and Face detection.",
      ["repairs", "wake"],
    ],
    ["Kept on by hand", "Awake", "stays on until it is switched off", ["sleep"]],
    ["Woken by hand", "Awake and working", "until the backlog is processed", ["sleep"]],
    ["Off by hand", "Off, as you asked", "It stays off until the backlog is empty.", ["wake"]],
    ["Automatic off", "Off · 340 jobs waiting", "Automatic power is off", ["wake"]],
    ["Other instance works", "Awake", "Another Immich instance uses it.", ["sleep"]],
    ["Not known", "Power state unknown", "It hasn’t been looked at yet.", ["wake"]],
    ["Can do nothing", "Off", "No way to wake it is set up.", []],
  ])("%s", (title, verdict, reason, buttons) => {
    const story = storyOf(hosts[title] ?? {});
    expect(plain(story.verdict)).toContain(verdict);
    expect(plain(story.reason)).toContain(reason);
    expect(story.buttons.map((button) => button.id)).toEqual(buttons);
    expect(story.buttons.filter((button) => button.main).length).toBeLessThanOrEqual(1);
  });

  it.each(["not_drained", "off_failed", "others_unknown"] as const)(
    "says what to look after: %s",
    (trouble) => {
      expect(storyOf({ trouble }).warning).toBeTruthy();
    },
  );

  it("never offers what can’t be done", () => {
    for (const changes of Object.values(hosts)) {
      const story = storyOf({ ...changes, can_wake: false, can_switch_off: false });
      expect(story.buttons.filter((button) => button.id !== "repairs")).toEqual([]);
    }
  });

  it("never calls it off soon while something keeps it on", () => {
    const idle = { state: "ready", idle_since: NOW - 60_000, goes_off_at: NOW + 60_000 } as const;
    for (const more of [
      { reason: "kept_on" },
      { trouble: "off_failed" },
      { can_switch_off: false },
    ] as const) {
      expect(storyOf({ ...idle, ...more }).verdict).toBe("Awake");
    }
  });

  it("speaks of paused jobs only when some are paused for it", () => {
    const pause = { by: "immich_admin_tools", reason: "gpu_offline", since: NOW, until: null } as const;
    const queues = (host: string) => ({
      ...snapshot().queues,
      ocr: queue("ocr", { state: "paused", pause: { ...pause, host } }),
    });
    const off = { state: "off", online: false } as const;
    expect(storyOf(off).reason).not.toContain("paused");
    expect(storyOf(off, queues("other")).reason).not.toContain("paused");
    expect(storyOf(off, queues("host")).reason).toContain("GPU host: offline, ML jobs paused");
  });

  it("doesn’t make a number of what isn’t known", () => {
    const story = storyOf({ backlog: null, expected_run: null, active: null });
    expect(story.facts.map((fact) => fact.label)).toEqual(["Then off after"]);
    expect(story.reason).toContain("isn’t known");
    expect(storyOf({ state: "booting", usual_boot: null, deadline: null, signalled_at: NOW }).bar).toBeNull();
    expect(storyOf({ state: "ready", backlog: null }).reason).toContain("isn’t known");
    expect(storyOf({ state: "draining", active: null }).verdict).toBe("Finishing jobs, then off");
  });

  it("names the MAC address only to those who may see it", () => {
    expect(storyOf({ state: "wake_failed" }).checks.at(-1)?.value).toBe("3C:7C:3F:1A:9E:04");
    expect(storyOf({ state: "wake_failed", mac: null }).checks.some((check) => check.value)).toBe(false);
  });
});

describe("the day", () => {
  it("counts only the last 24 h, in words too", () => {
    const day = dayOf(
      gpuHost({
        awake: [
          [NOW - 30 * HOUR, NOW - 22 * HOUR],
          [NOW - 7 * HOUR, null],
        ],
      }),
      format,
      NOW,
    );
    expect(plain(day?.text ?? "")).toBe("awake 9 h of the last 24 h");
    expect(day?.spans[0]?.start).toBe(0);
    expect(day?.spans[1]?.end).toBe(1);
    expect(day?.spoken).toContain("to now");
  });

  it("tells never awake from not recorded", () => {
    expect(dayOf(gpuHost({ awake: [] }), format, NOW)?.text).toContain("not awake");
    expect(dayOf(gpuHost({ awake: null }), format, NOW)).toBeNull();
  });
});

describe("the card", () => {
  let card: GpuHostCard;
  let fake: Fake;

  async function show(
    message: Snapshot | SubscriptionMessage,
    { language = "en", admin = true, config = {} as Record<string, unknown> } = {},
  ): Promise<void> {
    fake = fakeHass(message, { language, admin });
    card = document.createElement("immich-admin-tools-gpu-host") as GpuHostCard;
    card.setConfig({ type: "custom:immich-admin-tools-gpu-host", entry_id: "entry", ...config });
    card.hass = fake.hass;
    document.body.append(card);
    await settle();
  }
  const settle = async () => {
    for (let i = 0; i < 12; i += 1) {
      await Promise.resolve();
    }
  };
  const root = () => card.shadowRoot as ShadowRoot;
  const button = (id: string) => root().querySelector<HTMLElement>(`[data-action="${id}"]`);
  const withHost = (changes: Partial<GpuHost>, more: Partial<Snapshot> = {}) =>
    snapshot({ gpu_hosts: { host: gpuHost(changes) }, ...more });

  afterEach(() => card.remove());

  it("wakes and puts to sleep that very host", async () => {
    await show(withHost({ state: "off", online: false, backlog: 340 }));
    expect(button("wake")?.getAttribute("aria-label")).toBe("Wake now: GPU box");
    button("wake")?.click();
    await settle();
    expect(fake.calls).toEqual([{ service: "wake", data: { device_id: ["device_host"] } }]);
    card.remove();
    await show(withHost({}));
    button("sleep")?.click();
    await settle();
    expect(fake.calls).toEqual([{ service: "sleep", data: { device_id: ["device_host"] } }]);
  });

  it("says why it could not", async () => {
    await show(withHost({ state: "off" }));
    fake.hass.callService = async () => {
      throw { message: "No answer from <b>it</b>" };
    };
    button("wake")?.click();
    await settle();
    expect(plain(root().textContent ?? "")).toContain("That didn’t work. No answer from <b>it</b>");
    expect((button("wake") as HTMLButtonElement).disabled).toBe(false);
  });

  it("leads to the repairs to make up for what was skipped", async () => {
    await show(withHost(hosts["Gone while working"] ?? {}));
    button("repairs")?.click();
    expect(location.pathname).toBe("/config/repairs");
    expect(fake.calls).toEqual([]);
  });

  it("has no buttons for who may not act", async () => {
    await show(withHost({}, { may_act: false }), { admin: false });
    expect(root().querySelector("[data-action]")).toBeNull();
  });

  it("shows all hosts, or the one that is wanted, or says that there is none", async () => {
    const two = snapshot({
      gpu_hosts: { host: gpuHost(), other: gpuHost({ host_id: "other", name: "Laptop" }) },
    });
    await show(two);
    expect(root().querySelectorAll("section")).toHaveLength(2);
    card.remove();
    await show(two, { config: { host_id: "other" } });
    expect([...root().querySelectorAll("section")].map((one) => one.getAttribute("aria-label"))).toEqual([
      "Laptop",
    ]);
    card.remove();
    await show(two, { config: { host_id: "gone" } });
    expect(root().textContent).toContain("This GPU box can’t be shown");
    card.remove();
    await show(snapshot());
    expect(root().textContent).toContain("No GPU box is set up");
  });

  it("says the day in words", async () => {
    await show(withHost({}));
    expect(root().querySelector(".day svg")?.getAttribute("aria-label")).toContain("of the last 24");
  });

  it.each(scenes.map((one) => [one.title, one] as const))(
    "has words for everything: %s",
    async (_title, one) => {
      for (const language of ["en", "de"]) {
        await show(one.message, { language });
        expect(root().textContent).not.toMatch(/gpu_host\.|\{\w+\}|undefined|NaN|null/);
        card.remove();
      }
    },
  );
});
