import { ApiError } from "@gavel/api";
import { setLanguage } from "@gavel/ui";
import { act, renderHook } from "@testing-library/react";
import { expect, it } from "vitest";
import { useT } from ".";

const refusal = (code: string) => new ApiError(code, code, 409);

it("adds the app's words for refusals to those of all desks, and does not replace them", () => {
  const { result } = renderHook(() => useT());
  for (const language of ["zh", "en"] as const) {
    act(() => setLanguage(language));
    for (const code of ["moderation.blocked", "entry.closed", "entry.of_a_team", "team.captain_only"]) {
      expect(result.current.errorText(refusal(code))).not.toBe(code);
    }
    expect(result.current.find("reason.queued")).toBeDefined();
    expect(result.current.find("reason.the_engine_is_on_air")).toBeDefined();
  }
});
