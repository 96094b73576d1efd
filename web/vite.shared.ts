import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import type { UserConfig } from "vite";

/** Where `vite` and the tests find a portal: the real one or `npm run mock`. */
const portal = process.env.GAVEL_PORTAL ?? "http://127.0.0.1:8000";

/**
 * The build of one app: `web/dist/<name>/`, served by the portal at `base`.
 * Nothing is inlined as `data:`, so the portal's content policy can stay strict.
 */
export function gavelApp(name: string, base: string): UserConfig {
  return {
    base,
    plugins: [react()],
    server: { proxy: { "/api": { target: portal, ws: true } } },
    build: {
      outDir: fileURLToPath(new URL(`./dist/${name}`, import.meta.url)),
      emptyOutDir: true,
      target: ["chrome100", "safari15.4", "firefox100"],
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      manifest: true,
    },
  };
}
