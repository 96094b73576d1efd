import { setupDesk } from "@gavel/desk";
import en from "./en.json";
import zh from "./zh.json";

export const { useT } = setupDesk({ zh, en });
