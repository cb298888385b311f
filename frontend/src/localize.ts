import type { Words } from "./translations/en";

/** Each is a file of its own: a page reads one language. */
const LANGUAGES = new Map<string, () => Promise<Words>>([
  ["de", () => import("./translations/de").then(({ de }) => de)],
  ["en", () => import("./translations/en").then(({ en }) => en)],
]);

/** ms until a language that could not be fetched is asked for again. */
const RETRY_AFTER = 5_000;

const loaded = new Map<string, Words>();

/** `de` of `de-AT`; English for those that nobody has translated yet. */
function baseOf(language: string): string {
  const base = language.split("-")[0] ?? "";
  return LANGUAGES.has(base) ? base : "en";
}

export function isLoaded(language: string): boolean {
  return loaded.has(baseOf(language));
}

/** Fetch the texts of a language, however often that takes. */
export async function loadLanguage(language: string): Promise<void> {
  const base = baseOf(language);
  while (!loaded.has(base)) {
    try {
      loaded.set(base, (await LANGUAGES.get(base)?.()) ?? {});
    } catch {
      await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER));
    }
  }
}

/** Texts of a language that was loaded before. */
export class Localize {
  readonly plural: Intl.PluralRules;
  private readonly words: Words;

  constructor(readonly language: string) {
    const base = baseOf(language);
    this.words = loaded.get(base) ?? {};
    this.plural = new Intl.PluralRules(base);
  }

  /**
   * The text of a key: `queues.idle`. `{count}` also chooses between `one` and `other` where a
   * text has both; `shown` replaces it as it is to be read.
   */
  text(key: string, values: Record<string, string | number> = {}): string {
    const found = find(this.words, key);
    let text: string;
    if (typeof found === "object") {
      const count = Number(values["count"]);
      const form = this.plural.select(count);
      text = String(found[form] ?? found["other"] ?? key);
    } else {
      text = found ?? key;
    }
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = (name === "count" ? (values["shown"] ?? values["count"]) : values[name]) ?? whole;
      return String(value);
    });
  }

  /** The keys below a key. */
  keys(key: string): string[] {
    const found = find(this.words, key);
    return typeof found === "object" ? Object.keys(found) : [];
  }

  has(key: string): boolean {
    return find(this.words, key) !== undefined;
  }
}

function find(words: Words, key: string): string | Words | undefined {
  let at: string | Words | undefined = words;
  for (const part of key.split(".")) {
    if (typeof at !== "object") {
      return undefined;
    }
    at = at[part];
  }
  return at;
}
