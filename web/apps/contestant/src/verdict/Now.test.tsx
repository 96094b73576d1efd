import type { Submission } from "@gavel/api";
import { setLanguage } from "@gavel/ui";
import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { desk } from "../testing/desk";
import { Now } from "./Now";

const DATA = { state: "verified", artifact: "dataset", checks: [] } as unknown as Submission;
const season = (training: object | null) => ({ "GET /api/seasons/current": { body: { track: { training } } } });

it("says what becomes of a data set on this track", async () => {
  setLanguage("en");
  desk(<Now submission={DATA} />, season({}));
  expect(await screen.findByText(/becomes the next version of this entry/)).toBeTruthy();
  expect(screen.queryByText(/does not train data sets/)).toBeNull();
  desk(<Now submission={DATA} />, season(null));
  expect(await screen.findByText("This season does not train data sets.")).toBeTruthy();
});
