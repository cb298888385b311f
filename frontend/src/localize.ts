import { de, en, type Words } from "./translations";

const LANGUAGES: Record<string, Words> = { en, de };

/** Unknown languages, and texts that one lacks, are English. */
export class Localize {
  readonly plural: Intl.PluralRules;
  private readonly words: Words;

  constructor(readonly language: string) {
    const base = language.split("-")[0] ?? "en";
    this.words = LANGUAGES[base] ?? en;
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
