import { defineConfig } from "vite";

export default defineConfig({
  root: "gallery",
  build: { outDir: "../gallery-dist", emptyOutDir: true, target: "es2022" },
});
