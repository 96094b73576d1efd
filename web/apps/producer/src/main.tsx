import "./i18n";
import { start } from "@gavel/desk";
import { App } from "./app/App";

start(<App />);
