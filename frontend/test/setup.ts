import { loadLanguage } from "../src/localize";

// In a browser a language is fetched before the first card is shown.
await loadLanguage("en");
await loadLanguage("de");
