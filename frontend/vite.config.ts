import { defineConfig } from "vitest/config";

/** One file that the integration serves; tests/homeassistant checks that it is what the sources build. */
export default defineConfig({
  build: {
    target: "es2022",
    outDir: "../custom_components/immich_admin_tools/www",
    emptyOutDir: true,
    sourcemap: true,
    reportCompressedSize: true,
    lib: {
      entry: "src/index.ts",
      formats: ["es"],
      fileName: () => "immich-admin-tools.js",
    },
  },
  test: {
    environment: "happy-dom",
    include: ["test/**/*.test.ts"],
  },
});
