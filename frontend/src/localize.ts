import { en, type Words } from "./translations/en";

/** Fetched when somebody reads them: a page has one language. */
const LANGUAGES = new Map<string, () => Promise<Words>>([
  ["de", () => import("./translations/de").then(({ de }) => de)],
]);

const loaded = new Map<string, Words>();

/** `de` of `de-AT`; English for those that nobody has translated yet. */
function baseOf(language: string): string {
  const base = language.split("-")[0] ?? "";
  return LANGUAGES.has(base) ? base : "en";
}

export function isLoaded(language: string): boolean {
  const base = baseOf(language);
  return base === "en" || loaded.has(base);
}

/** Fetch the texts of a language. Where that fails they are English until the page is loaded anew. */
export async function loadLanguage(language: string): Promise<void> {
  const base = baseOf(language);
  if (!isLoaded(base)) {
    loaded.set(base, await (LANGUAGES.get(base)?.() ?? Promise.resolve(en)).catch(() => en));
  }
}

/** Languages that are unknown or not loaded, and texts that one lacks, are English. */
export class Localize {
  readonly plural: Intl.PluralRules;
  private readonly words: Words;

  constructor(readonly language: string) {
    const base = baseOf(language);
    this.words = loaded.get(base) ?? en;
    this.plural = new Intl.PluralRules(this.words === en ? "en" : base);
  }

  /**
   * The text of a key: `queues.idle`. `{count}` also chooses between `one` and `other` where a
   * text has both; `shown` replaces it as it is to be read.
   */
  text(key: string, values: Record<string, string | number> = {}): string {
    const found = find(this.words, key) ?? find(en, key);
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

  has(key: string): boolean {
    return (find(this.words, key) ?? find(en, key)) !== undefined;
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
