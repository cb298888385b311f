import { defineConfig } from "vitest/config";

/** One file that the integration serves, and one for each language but English, see frontend.py; the stage `frontend` checks that it is what the sources build. */
export default defineConfig({
  build: {
    target: "es2022",
    outDir: "../custom_components/immich_admin_tools/www",
    emptyOutDir: true,
    sourcemap: true,
    modulePreload: false,
    rolldownOptions: {
      input: "src/index.ts",
      output: { entryFileNames: "immich-admin-tools.js", chunkFileNames: "[name]-[hash].js" },
    },
  },
  test: {
    environment: "happy-dom",
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/setup.ts"],
  },
});
