import type { HomeAssistant } from "./ha";
import { Localize } from "./localize";
import type { Eta, Queue } from "./model";

export const NBSP = "\u00a0";
const MINUTE = 60;
const HOUR = 3600;
const DAY = 24 * HOUR;

/** Words and numbers as this user reads them. */
export class Format {
  readonly words: Localize;
  private readonly locale: string;
  private readonly whole: Intl.NumberFormat;
  private readonly halves: Intl.NumberFormat;
  private readonly clock: Intl.DateTimeFormat;
  private readonly weekday: Intl.DateTimeFormat;
  private readonly date: Intl.DateTimeFormat;
  private readonly day: Intl.DateTimeFormat;
  private readonly zone: { timeZone?: string };
  private readonly compact: Intl.NumberFormat;

  constructor(hass: HomeAssistant) {
    const { locale } = hass;
    this.words = new Localize(locale.language);
    this.locale = numberLocale(locale.number_format, locale.language);
    this.whole = new Intl.NumberFormat(this.locale, {
      maximumFractionDigits: 0,
      useGrouping: locale.number_format !== "none",
    });
    this.halves = new Intl.NumberFormat(this.locale, { maximumFractionDigits: 1 });
    const zone = locale.time_zone === "server" ? { timeZone: hass.config.time_zone } : {};
    this.zone = zone;
    this.compact = new Intl.NumberFormat(this.locale, {
      maximumFractionDigits: 1,
      useGrouping: locale.number_format !== "none",
    });
    const hour12 = locale.time_format === "12" ? true : locale.time_format === "24" ? false : undefined;
    const hours = hour12 === undefined ? {} : { hour12 };
    const tag = locale.language;
    this.clock = new Intl.DateTimeFormat(tag, {
      // As Home Assistant: 3:45 AM, but 03:45.
      hour: (hour12 ?? usesAmPm(tag)) ? "numeric" : "2-digit",
      minute: "2-digit",
      ...hours,
      ...zone,
    });
    this.weekday = new Intl.DateTimeFormat(tag, { weekday: "short", ...zone });
    this.date = new Intl.DateTimeFormat(tag, {
      day: "numeric",
      month: "short",
      ...zone,
    });
    this.day = new Intl.DateTimeFormat("en-CA", {
      dateStyle: "short",
      ...zone,
    });
  }

  count(value: number): string {
    return this.whole.format(value);
  }

  decimal(value: number, digits = 1): string {
    return digits === 1
      ? this.halves.format(value)
      : new Intl.NumberFormat(this.locale, {
          maximumFractionDigits: digits,
        }).format(value);
  }

  percent(part: number): string {
    return this.words.text("unit.percent", {
      value: this.whole.format(part * 100),
    });
  }

  /** `~42/min`, `~40/h` under one a minute, `0/min`; null while it is not known. */
  rate(rate: number | null): string | null {
    if (rate === null) {
      return null;
    }
    if (rate === 0) {
      return this.words.text("unit.rate_minute", { value: "0" });
    }
    if (rate < 1) {
      const hourly = Math.max(1, Math.round(rate * 60));
      return `~${this.words.text("unit.rate_hour", { value: this.count(hourly) })}`;
    }
    return `~${this.words.text("unit.rate_minute", { value: this.count(Math.round(rate)) })}`;
  }

  /** An age or a length, exact enough to act on: 47 min, 1 min 40 s, 3 h, 2 days. */
  duration(seconds: number): string {
    const whole = Math.max(0, Math.round(seconds));
    if (whole < MINUTE) {
      return this.unit("second", whole);
    }
    if (whole < 5 * MINUTE && whole % MINUTE) {
      return `${this.unit("minute", Math.floor(whole / MINUTE))}${NBSP}${this.unit("second", whole % MINUTE)}`;
    }
    if (whole < 90 * MINUTE) {
      return this.unit("minute", Math.round(whole / MINUTE));
    }
    if (whole < 48 * HOUR) {
      const minutes = Math.round(whole / MINUTE);
      const hours = Math.floor(minutes / 60);
      const rest = hours < 10 ? minutes % 60 : 0;
      const shown = this.unit("hour", hours < 10 ? hours : Math.round(minutes / 60));
      return rest ? `${shown}${NBSP}${this.unit("minute", rest)}` : shown;
    }
    return this.unit("day", Math.round(whole / DAY));
  }

  /** Short lengths of work: 1.4 s. */
  seconds(seconds: number): string {
    if (seconds >= 100) {
      return this.duration(seconds);
    }
    const shown = seconds < 10 ? this.decimal(seconds) : this.count(seconds);
    return this.words.text("unit.second", { count: seconds, shown });
  }

  /** What is left, as exact as it is worth: `5 h`, `18 min`, `2 days`; `under 1 min`. */
  timeLeft(seconds: number): string {
    if (seconds < MINUTE) {
      return this.words.text("time_left.under_a_minute");
    }
    return this.inUnit(seconds, unitOf(seconds));
  }

  /** `4–6 h`: both ends in the unit of what is left; null when they read alike. */
  timeLeftRange(eta: Eta): string | null {
    if (eta.remaining < MINUTE) {
      return null;
    }
    const unit = unitOf(eta.remaining);
    const low = eta.remaining - (eta.finish - eta.low) / 1000;
    const high = eta.remaining + (eta.high - eta.finish) / 1000;
    const from = this.amount(Math.max(0, low), unit);
    const to = this.amount(high, unit);
    if (from === to) {
      return null;
    }
    return this.words.text(`unit.${unit}`, {
      count: 2,
      shown: `${from}–${to}`,
    });
  }

  /** 14:02; with the day when that isn't today: Wed 21:40, 3 Nov 21:40. */
  time(at: number, now = Date.now()): string {
    const moment = new Date(at);
    const shown = this.clock.format(moment);
    if (this.day.format(moment) === this.day.format(new Date(now))) {
      return shown;
    }
    const near = Math.abs(now - at) < 6 * DAY * 1000;
    return `${(near ? this.weekday : this.date).format(moment)}${NBSP}${shown}`;
  }

  /** 14:02, whatever the day. */
  clockTime(at: number): string {
    return this.clock.format(new Date(at));
  }

  /** Whether times have AM and PM behind them, and need the room. */
  get longTimes(): boolean {
    return this.clock.resolvedOptions().hour12 ?? false;
  }

  /** The same for all moments of a day, where the user is. */
  dayOf(at: number): string {
    return this.day.format(new Date(at));
  }

  weekdayName(at: number, length: "short" | "long" = "long"): string {
    return new Intl.DateTimeFormat(this.words.language, { weekday: length, ...this.zone }).format(
      new Date(at),
    );
  }

  /** Thursday, 19 November */
  fullDay(at: number): string {
    return new Intl.DateTimeFormat(this.words.language, {
      weekday: "long",
      day: "numeric",
      month: "long",
      ...this.zone,
    }).format(new Date(at));
  }

  /** 19 Nov */
  shortDay(at: number): string {
    return this.date.format(new Date(at));
  }

  /** 0 to 23, where the user is; null between two whole hours. */
  wholeHour(at: number): number | null {
    const parts = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", ...this.zone });
    const [hour, minute] = parts.format(new Date(at)).split(":").map(Number);
    return minute === 0 && hour !== undefined ? hour % 24 : null;
  }

  /** For charts only: 158k, 0.8k. */
  short(value: number): string {
    if (value < 500) {
      return this.decimal(value);
    }
    const [size, unit] = value < 999_500 ? [1000, "k"] : [1_000_000, "M"];
    const parts = value / size;
    return `${(parts < 9.95 ? this.compact : this.whole).format(parts)}${unit}`;
  }

  bytes(bytes: number): string {
    const units = ["B", "KB", "MB", "GB", "TB"];
    let value = bytes;
    let unit = 0;
    while (value >= 1000 && unit < units.length - 1) {
      value /= 1000;
      unit += 1;
    }
    return `${value < 100 && unit > 0 ? this.decimal(value) : this.count(value)}${NBSP}${units[unit]}`;
  }

  list(items: string[]): string {
    return new Intl.ListFormat(this.words.language, {
      type: "conjunction",
    }).format(items);
  }

  private inUnit(seconds: number, unit: Unit): string {
    const shown = this.amount(seconds, unit);
    return this.words.text(`unit.${unit}`, {
      count: shown === "1" ? 1 : 2,
      shown,
    });
  }

  private amount(seconds: number, unit: Unit): string {
    switch (unit) {
      case "minute":
        return this.count(Math.max(1, Math.round(seconds / MINUTE)));
      case "hour": {
        const hours = seconds / HOUR;
        return this.halves.format(seconds < 10 * HOUR ? Math.round(hours * 2) / 2 : Math.round(hours));
      }
      case "day":
        return this.halves.format(Math.round((seconds / DAY) * 2) / 2);
    }
  }

  private unit(unit: Unit | "second", count: number): string {
    return this.words.text(`unit.${unit}`, { count, shown: this.count(count) });
  }
}

type Unit = "minute" | "hour" | "day";

function unitOf(seconds: number): Unit {
  if (seconds < 90 * MINUTE) {
    return "minute";
  }
  return seconds < 48 * HOUR ? "hour" : "day";
}

function usesAmPm(language: string): boolean {
  return new Intl.DateTimeFormat(language, { hour: "numeric" }).resolvedOptions().hour12 ?? false;
}

function numberLocale(format: string, language: string): string {
  switch (format) {
    case "comma_decimal":
      return "en-US";
    case "decimal_comma":
      return "de";
    case "space_comma":
      return "fr";
    case "quote_decimal":
      return "de-CH";
    case "system":
      return navigator.language;
    default:
      return language;
  }
}

/** Part of this run that is done, 0 to 1; null when it isn't known when it began. */
export function progress(of: {
  run: { done: number } | null;
  waiting: number;
  active: number;
}): number | null {
  if (!of.run) {
    return null;
  }
  const all = of.run.done + of.waiting + of.active;
  return all > 0 ? of.run.done / all : null;
}

const ICONS = new Map(
  Object.entries({
    thumbnailGeneration: "file-jpg-box",
    metadataExtraction: "table",
    videoConversion: "video",
    faceDetection: "face-recognition",
    facialRecognition: "tag-faces",
    smartSearch: "image-search",
    duplicateDetection: "content-duplicate",
    ocr: "ocr",
    library: "library-shelves",
    sidecar: "file-xml-box",
    storageTemplateMigration: "folder-move",
    migration: "database-arrow-up",
    backgroundTask: "tray-full",
    search: "magnify",
    notifications: "bell-outline",
    backupDatabase: "database-outline",
    workflow: "state-machine",
    integrityCheck: "shield-check-outline",
    editor: "image-edit-outline",
  }),
);

/** The icon of Immich's own queue page, where it has one. */
export function queueIcon(queue: string): string {
  return `mdi:${ICONS.get(queue) ?? "tray-full"}`;
}

export function isBusy(queue: Queue): boolean {
  return queue.state !== "idle" || queue.waiting > 0 || queue.active > 0 || queue.stuck > 0;
}

/** Cut in the middle: both the start of a path and the file's name matter. */
export function shortened(path: string, longest = 60): string {
  if (path.length <= longest) {
    return path;
  }
  const half = Math.floor((longest - 1) / 2);
  return `${path.slice(0, half)}…${path.slice(-half)}`;
}
