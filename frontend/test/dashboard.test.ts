import { beforeEach, describe, expect, it } from "vitest";
import type { Connection, HomeAssistant } from "../src/ha";
import type { Instance } from "../src/model";
import { DashboardStrategy } from "../src/strategy/dashboard";

function instance(changes: Partial<Instance> = {}): Instance {
  return {
    entry_id: "one",
    title: "Immich",
    loaded: true,
    redis: true,
    gpu_hosts: [{ host_id: "host", name: "GPU box" }],
    problem_assets: 0,
    ...changes,
  };
}

/** Home Assistant with these instances; a string is the error that it answers instead. */
function home(
  known: Instance[] | string,
  { language = "en", entities = ["switch.import_mode", "select.auto_heal"], admin = true } = {},
) {
  let tell: (known: Instance[]) => void = () => undefined;
  const connection: Connection = {
    connected: true,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
    subscribeMessage: <T>(callback: (message: T) => void) => {
      if (typeof known === "string") {
        return Promise.reject({ code: known, message: "no" });
      }
      tell = callback as (known: Instance[]) => void;
      // Like Home Assistant's own: the first message comes after the call.
      queueMicrotask(() => tell(known));
      return Promise.resolve(() => undefined);
    },
  };
  const hass = {
    connection,
    states: {},
    entities: Object.fromEntries(
      entities.map((id) => [
        `${id}_renamed`,
        {
          entity_id: `${id}_renamed`,
          platform: "immich_admin_tools",
          device_id: "device",
          translation_key: id.split(".")[1]!,
        },
      ]),
    ),
    devices: { device: { id: "device", config_entries: ["one"] } },
    language,
    locale: {
      language,
      number_format: "language",
      time_format: "24",
      time_zone: "local",
    },
    config: { time_zone: "UTC" },
    user: { is_admin: admin },
  } as unknown as HomeAssistant;
  return { hass, tell: (now: Instance[]) => tell(now) };
}

const generate = (known: Instance[] | string, options = {}, config = {}) =>
  DashboardStrategy.generate(config, home(known, options).hass);

type Views = Awaited<ReturnType<typeof generate>>["views"];
const cards = (view: Views[number] | undefined) => (view?.sections ?? []).flatMap((section) => section.cards);
const shown = (view: Views[number] | undefined, width: number) =>
  cards(view).filter((card) => (card.visibility ?? []).every(({ media_query }) => fits(media_query, width)));

function fits(media: string, width: number): boolean {
  return media.split(" and ").every((part) => {
    const [, edge, limit] = /\((min|max)-width: (\d+)px\)/.exec(part)!;
    return edge === "min" ? width >= Number(limit) : width <= Number(limit);
  });
}
const kinds = (list: { type: string; [key: string]: unknown }[]) =>
  list.map(({ type, entity }) => String(entity ?? type.replace("custom:immich-admin-tools-", "")));

describe("the dashboard of one Immich", () => {
  it("has an overview, the queues and the history", async () => {
    const { views } = await generate([instance()]);
    expect(views.map(({ title, path }) => [title, path])).toEqual([
      ["Overview", "overview"],
      ["Queues", "queues"],
      ["History", "history"],
    ]);
    expect(cards(views[1])).toMatchObject([{ type: "custom:immich-admin-tools-queues", expanded: true }]);
    for (const width of [390, 1080, 1600]) {
      expect(kinds(shown(views[2], width))).toEqual(["activity", "statistics"]);
    }
  });

  it("shows each card once at every width, on phones what is stuck first", async () => {
    const { views } = await generate([instance()]);
    const everything = [
      "headline",
      "queues",
      "stuck-jobs",
      "speed",
      "gpu-host",
      "switch.import_mode_renamed",
      "select.auto_heal_renamed",
    ].sort();
    for (const width of [320, 735, 736, 1000, 1343, 1344, 2560]) {
      expect(kinds(shown(views[0], width)).sort(), `${width} px`).toEqual(everything);
    }
    expect(kinds(shown(views[0], 390))).toEqual([
      "headline",
      "stuck-jobs",
      "queues",
      "gpu-host",
      "switch.import_mode_renamed",
      "select.auto_heal_renamed",
      "speed",
    ]);
    expect(kinds(shown(views[0], 1080))).toEqual([
      "headline",
      "queues",
      "stuck-jobs",
      "speed",
      "gpu-host",
      "switch.import_mode_renamed",
      "select.auto_heal_renamed",
    ]);
    expect(kinds(shown(views[0], 1600)).slice(0, 4)).toEqual(["headline", "queues", "speed", "stuck-jobs"]);
  });

  it("has no card for a GPU host or an import mode that there isn't", async () => {
    const { views } = await generate([instance({ gpu_hosts: [] })], {
      entities: ["select.auto_heal"],
    });
    expect(kinds(shown(views[0], 390))).toEqual([
      "headline",
      "stuck-jobs",
      "queues",
      "select.auto_heal_renamed",
      "speed",
    ]);
    const bare = await generate([instance({ gpu_hosts: [] })], {
      entities: [],
    });
    expect(bare.views[0]!.sections!.every((section) => section.cards.length)).toBe(true);
  });

  it("names the problem photos only when there are some", async () => {
    const { views } = await generate([instance({ problem_assets: 2 })]);
    expect(views.at(-1)).toMatchObject({
      title: "Problem photos",
      path: "problem-photos",
    });
    expect(kinds(cards(views.at(-1)))).toEqual(["problem-photos"]);
  });

  it("speaks the user's language", async () => {
    const { views } = await generate([instance({ problem_assets: 2 })], {
      language: "de",
    });
    expect(views.map(({ title }) => title)).toEqual([
      "Übersicht",
      "Warteschlangen",
      "Verlauf",
      "Problemfotos",
    ]);
  });
});

describe("the dashboard of two", () => {
  const two = [
    instance({ problem_assets: 1 }),
    instance({ entry_id: "two", title: "Parents", gpu_hosts: [] }),
  ];

  it("has an overview for each, named after it, and the rest for both", async () => {
    const { views } = await generate(two);
    expect(views.map(({ title, path }) => [title, path])).toEqual([
      ["Immich", "overview"],
      ["Parents", "overview-2"],
      ["Queues", "queues"],
      ["History", "history"],
      ["Problem photos", "problem-photos"],
    ]);
    const entries = (view: number) => [
      ...new Set(
        cards(views[view])
          .filter(({ type }) => type.startsWith("custom:"))
          .map((card) => card["entry_id"]),
      ),
    ];
    expect([0, 1, 2, 3, 4].map(entries)).toEqual([["one"], ["two"], ["one", "two"], ["one", "two"], ["one"]]);
    // The tiles are of the first one's device.
    expect(kinds(shown(views[1], 390))).toEqual(["headline", "stuck-jobs", "queues", "speed"]);
    expect(
      cards(views[2])
        .filter(({ type }) => type === "heading")
        .map((card) => card["heading"]),
    ).toEqual(["Immich", "Parents"]);
  });

  it("shows only the one that was chosen", async () => {
    const { views } = await generate(two, {}, { entry_id: "two" });
    expect(views.map(({ title }) => title)).toEqual(["Overview", "Queues", "History"]);
    expect(cards(views[0])[0]).toMatchObject({ entry_id: "two" });
  });
});

describe("the dashboard of none", () => {
  const markdown = (views: Views) => String(views[0]!.cards![0]!["content"]);

  it("says how to add one", async () => {
    expect(markdown((await generate([])).views)).toContain("add?domain=immich_admin_tools");
    expect(markdown((await generate([], { admin: false })).views)).toContain("Ask an administrator");
    expect(markdown((await generate([instance()], {}, { entry_id: "gone" })).views)).toContain("removed");
  });

  it("says what to do when the integration doesn't answer", async () => {
    expect(markdown((await generate("unknown_command")).views)).toContain("Restart Home Assistant");
  });
});

describe("the dashboard", () => {
  let now: ReturnType<typeof home>;
  beforeEach(async () => {
    now = home([instance()]);
    await DashboardStrategy.generate({}, now.hass);
  });
  const changed = (hass: HomeAssistant) => DashboardStrategy.shouldRegenerate({}, now.hass, hass);

  it("stays as it is while only states change", () => {
    expect(changed({ ...now.hass, states: { "sensor.a": undefined } })).toBe(false);
    expect(changed({ ...now.hass, entities: { ...now.hass.entities } })).toBe(false);
  });

  it("is made anew when an Immich, a problem photo or a tile comes or goes", () => {
    now.tell([instance({ loaded: false })]);
    expect(changed(now.hass)).toBe(false);
    now.tell([instance({ problem_assets: 3 })]);
    expect(changed(now.hass)).toBe(true);
    now.tell([instance()]);
    expect(changed(now.hass)).toBe(false);
    expect(changed({ ...now.hass, entities: {} })).toBe(true);
  });

  it("keeps its views when one of them would go, as Home Assistant may be showing it", async () => {
    const both = home([instance({ problem_assets: 1 }), instance({ entry_id: "two" })]);
    await DashboardStrategy.generate({}, both.hass);
    for (const fewer of [
      [instance(), instance({ entry_id: "two" })],
      [instance({ problem_assets: 1 })],
      [],
    ]) {
      both.tell(fewer);
      expect(DashboardStrategy.shouldRegenerate({}, both.hass, both.hass)).toBe(false);
    }
  });

  it("is suggested as Immich", () => {
    expect(DashboardStrategy.getCreateSuggestions()).toEqual({
      title: "Immich",
      icon: "mdi:image-multiple",
    });
    expect(customElements.get("ll-strategy-dashboard-immich-admin-tools")).toBe(DashboardStrategy);
  });
});
