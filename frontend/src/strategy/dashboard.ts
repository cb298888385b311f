import type { HomeAssistant } from "../ha";
import { loadLanguage, Localize } from "../localize";
import type { Instance } from "../model";
import { registerStrategy } from "../registry";
import { instancesFeed, loadInstances } from "../store";

interface Card {
  type: string;
  grid_options?: { columns?: number | "full"; rows?: number | "auto" };
  visibility?: { condition: "screen"; media_query: string }[];
  [key: string]: unknown;
}

interface Section {
  type: "grid";
  cards: Card[];
  column_span?: number;
}

interface View {
  title: string;
  path: string;
  icon: string;
  type?: "sections";
  max_columns?: number;
  dense_section_placement?: boolean;
  show_icon_and_title?: boolean;
  sections?: Section[];
  cards?: Card[];
}

interface Config {
  /** Only this Immich. */
  entry_id?: string;
}

/**
 * A view has a column from 320 px on, and 32 px between and beside them. Below NARROW there is one for sure; from WIDE
 * on there are three, whether or not Home Assistant's sidebar is open. Between them it depends on the sidebar.
 */
const NARROW = 736;
const WIDE = 1344;
const ONE_COLUMN = `(max-width: ${NARROW - 1}px)`;
const BETWEEN = `(min-width: ${NARROW}px) and (max-width: ${WIDE - 1}px)`;
const THREE_COLUMNS = `(min-width: ${WIDE}px)`;
const TWO_OR_THREE = `(min-width: ${NARROW}px)`;
const ONE_OR_TWO = `(max-width: ${WIDE - 1}px)`;

/** ms that the list of instances is followed after Home Assistant last asked whether it changed. */
const WATCH_FOR = 60_000;

export class DashboardStrategy extends HTMLElement {
  static async generate(config: Config, hass: HomeAssistant): Promise<{ views: View[] }> {
    await loadLanguage(hass.locale.language);
    const words = new Localize(hass.locale.language);
    let known: Instance[];
    try {
      known = await loadInstances(hass);
    } catch {
      remember(hass, null);
      return { views: [problemView(words, "unavailable", hass)] };
    }
    remember(hass, known);
    const shown = config.entry_id ? known.filter(({ entry_id }) => entry_id === config.entry_id) : known;
    if (!shown.length) {
      return {
        views: [problemView(words, config.entry_id ? "not_found" : "no_instance", hass)],
      };
    }
    return { views: views(words, shown, hass) };
  }

  /** Asked with every change of any state, so it has to be quick. */
  static shouldRegenerate(_config: Config, before: HomeAssistant, now: HomeAssistant): boolean {
    watch(now);
    const feed = instancesFeed(now);
    if (
      feed.instances === last.instances &&
      before.entities === now.entities &&
      before.devices === now.devices &&
      before.locale.language === now.locale.language
    ) {
      return false;
    }
    last.instances = feed.instances;
    // Home Assistant loses its place when the view that is shown goes: what is gone is told by its cards until then.
    return (
      signature(now, feed.instances) !== last.signature && viewCount(feed.instances) >= viewCount(last.shown)
    );
  }

  static getCreateSuggestions(): { title: string; icon: string } {
    return { title: "Immich", icon: "mdi:image-multiple" };
  }

  static readonly noEditor = true;
}

/** What was seen last, and what the views were made of. */
const last: { instances: Instance[] | null; shown: Instance[] | null; signature: string } = {
  instances: null,
  shown: null,
  signature: "",
};

function remember(hass: HomeAssistant, known: Instance[] | null): void {
  last.instances = last.shown = known;
  last.signature = signature(hass, known);
}

function viewCount(known: Instance[] | null): number {
  return known?.length
    ? known.length + 2 + Number(known.some(({ problem_assets }) => problem_assets > 0))
    : 1;
}

/** All that the views depend on. */
function signature(hass: HomeAssistant, known: Instance[] | null): string {
  return JSON.stringify([
    hass.locale.language,
    known?.map(({ entry_id, title, gpu_hosts, problem_assets }) => [
      entry_id,
      title,
      gpu_hosts.map(({ host_id }) => host_id),
      problem_assets > 0,
      TILES.map((key) => entityOf(hass, entry_id, key)),
    ]),
  ]);
}

let watching: { stop: () => void; until: number } | null = null;

/** A strategy isn't told when its dashboard is left: the list is followed only for as long as it is asked for. */
function watch(hass: HomeAssistant): void {
  const until = Date.now() + WATCH_FOR;
  if (watching) {
    watching.until = until;
    return;
  }
  const watched = { stop: instancesFeed(hass).listen(() => undefined), until };
  watching = watched;
  const check = () => {
    const left = watched.until - Date.now();
    if (left > 0) {
      setTimeout(check, left);
      return;
    }
    watched.stop();
    watching = null;
  };
  setTimeout(check, WATCH_FOR);
}

function views(words: Localize, shown: Instance[], hass: HomeAssistant): View[] {
  const several = shown.length > 1;
  const text = (key: string) => words.text(`history.dashboard.${key}`);
  const overviews = shown.map((instance, index) =>
    sectionsView({
      title: several ? instance.title : text("overview"),
      path: index === 0 ? "overview" : `overview-${index + 1}`,
      icon: several ? "mdi:image-multiple" : "mdi:view-dashboard",
      sections: overview(instance, hass),
    }),
  );
  const withProblems = shown.filter(({ problem_assets }) => problem_assets > 0);
  const all = [
    ...overviews,
    sectionsView({
      title: text("queues"),
      path: "queues",
      icon: "mdi:tray-full",
      sections: shown.map((instance) =>
        section(3, [...heading(instance, several), ours("queues", instance, "full", { expanded: true })]),
      ),
    }),
    sectionsView({
      title: text("history"),
      path: "history",
      icon: "mdi:history",
      sections: shown.flatMap((instance) => [
        ...(several ? [section(3, heading(instance, several))] : []),
        // Two columns are side by side too: a view is as wide as the spans of what is visible.
        section(2, [on(THREE_COLUMNS, ours("activity", instance, "full"))]),
        section(1, [on(ONE_OR_TWO, ours("activity", instance))]),
        section(1, [ours("statistics", instance)]),
      ]),
    }),
  ];
  if (withProblems.length) {
    all.push(
      sectionsView({
        title: text("problem_photos"),
        path: "problem-photos",
        icon: "mdi:image-broken-variant",
        sections: withProblems.map((instance) =>
          section(3, [...heading(instance, several), ours("problem-photos", instance, "full")]),
        ),
      }),
    );
  }
  return all;
}

/**
 * Three columns: queues and chart beside all the rest. Two: queues, then stuck jobs beside the GPU host, then the chart.
 * One: what is stuck comes first. A section goes with its last visible card, and an invisible card is not even made.
 */
function overview(instance: Instance, hass: HomeAssistant): Section[] {
  const stuck = ours("stuck-jobs", instance);
  const chart = ours("speed", instance, "full");
  const side = [
    ...instance.gpu_hosts.map(({ host_id }) => ours("gpu-host", instance, 12, { host_id })),
    ...tiles(instance, hass),
  ];
  return [
    section(3, [ours("headline", instance, "full")]),
    section(1, [on(ONE_COLUMN, stuck)]),
    section(2, [ours("queues", instance, "full"), on(THREE_COLUMNS, chart)]),
    section(1, [on(TWO_OR_THREE, stuck), ...side.map((card) => on(THREE_COLUMNS, card))]),
    section(2, [on(BETWEEN, chart)]),
    section(
      1,
      side.map((card) => on(ONE_OR_TWO, card)),
    ),
    section(2, [on(ONE_COLUMN, chart)]),
  ].filter(({ cards }) => cards.length > 0);
}

const TILES = ["import_mode", "auto_heal"] as const;

function tiles(instance: Instance, hass: HomeAssistant): Card[] {
  return TILES.flatMap((key) => {
    const entity = entityOf(hass, instance.entry_id, key);
    if (!entity) {
      return [];
    }
    const choice = /^(input_)?select\./.test(entity);
    return [
      {
        type: "tile",
        entity,
        name: { type: "entity" },
        vertical: false,
        // The choice below says it.
        ...(choice && { hide_state: true }),
        features: [{ type: choice ? "select-options" : "toggle" }],
        features_position: choice ? "bottom" : "inline",
        grid_options: { columns: 12 },
      },
    ];
  });
}

/** Of an instance, by what it is and not by its id: the user may have renamed it, or taken it out of use. */
function entityOf(hass: HomeAssistant, entryId: string, key: string): string | null {
  for (const entity of Object.values(hass.entities)) {
    if (entity?.platform !== "immich_admin_tools" || entity.translation_key !== key || entity.hidden) {
      continue;
    }
    const device = hass.devices?.[entity.device_id ?? ""];
    if (device?.config_entries.includes(entryId)) {
      return entity.entity_id;
    }
  }
  return null;
}

function heading(instance: Instance, several: boolean): Card[] {
  return several ? [{ type: "heading", heading: instance.title, icon: "mdi:image-multiple" }] : [];
}

function ours(
  card: string,
  instance: Instance,
  columns: number | "full" = 12,
  more: Record<string, unknown> = {},
): Card {
  return {
    type: `custom:immich-admin-tools-${card}`,
    entry_id: instance.entry_id,
    ...more,
    grid_options: { columns },
  };
}

function on(media: string, card: Card): Card {
  return { ...card, visibility: [{ condition: "screen", media_query: media }] };
}

function section(span: number, cards: Card[]): Section {
  return { type: "grid", column_span: span, cards };
}

function sectionsView(view: Pick<View, "title" | "path" | "icon" | "sections">): View {
  return {
    ...view,
    type: "sections",
    max_columns: 3,
    dense_section_placement: true,
    show_icon_and_title: true,
  };
}

/** Home Assistant's own card: it is there whatever is the matter with ours. */
function problemView(
  words: Localize,
  what: "no_instance" | "not_found" | "unavailable",
  hass: HomeAssistant,
): View {
  const who = hass.user?.is_admin ? "admin" : "user";
  const key = `history.dashboard.${what}`;
  return {
    title: "Immich",
    path: "overview",
    icon: "mdi:image-multiple",
    cards: [
      {
        type: "markdown",
        title: words.text(`${key}.title`),
        content: words.text(`${key}.${words.has(`${key}.${who}`) ? who : "text"}`),
      },
    ],
  };
}

registerStrategy("immich-admin-tools", DashboardStrategy, "history.dashboard");
