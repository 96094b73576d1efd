import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { setLanguage, setupI18n } from "../i18n";
import { Records } from "./Records";

setupI18n({ zh: {}, en: {} });

const left = () => screen.getByRole("link", { name: /left/i }).getAttribute("href");

it("gives a judge who sees the answers turned round the file of what is left to him", () => {
  setLanguage("en");
  const { rerender } = render(<Records duel={{ id: "d", turns: 1 }} episode="e" />);
  expect(left()).toBe("/api/duels/d/answers/left.json");
  rerender(<Records duel={{ id: "d", turns: 1 }} episode="e" mirrored />);
  expect(left()).toBe("/api/duels/d/answers/right.json");
});
