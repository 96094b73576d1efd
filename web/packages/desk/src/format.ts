import { useMemo } from "react";
import { useT } from "./i18n";

const UNITS = ["B", "KiB", "MiB", "GiB"];

/** 67108864 → "64 MiB" */
export function bytes(count: number): string {
  let unit = 0;
  let value = count;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 || Number.isInteger(value) ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** Seconds on a clock that runs: 754 → "12:34", 3754 → "1:02:34" */
export function clockTime(seconds: number): string {
  const whole = Math.floor(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** Times as people here write them, in their own time zone. */
export function useTimes() {
  const { language } = useT();
  return useMemo(() => {
    const locale = language === "zh" ? "zh-CN" : "en-GB";
    const clock = new Intl.DateTimeFormat(locale, { timeStyle: "medium", hourCycle: "h23" });
    const day = new Intl.DateTimeFormat(locale, {
      month: "short",
      day: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    });
    return {
      /** 20:41:07 */
      clock: (at: string | number) => clock.format(new Date(at)),
      /** 21 Nov, 20:41 */
      moment: (at: string | number) => day.format(new Date(at)),
    };
  }, [language]);
}
