import { defineConfig } from "vite";
import { gavelApp } from "../../vite.shared";

export default defineConfig(gavelApp("judge", "/judge/"));
