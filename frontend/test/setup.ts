import { loadLanguage } from "../src/localize";

// In a browser it is fetched before the first card is shown.
await loadLanguage("de");
