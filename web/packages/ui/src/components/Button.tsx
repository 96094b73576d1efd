import type { ButtonHTMLAttributes } from "react";
import { cx } from "../cx";
import css from "./Button.module.css";

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  tone?: "gold" | "left" | "right" | "ghost" | "danger" | "bare";
  wide?: boolean;
}

/** A button of at least 48 px. `gold` is for what decides; one per view. */
export function Button({ tone = "ghost", wide = false, className, type = "button", ...rest }: ButtonProps) {
  return <button type={type} className={cx(css.button, css[tone], wide && css.wide, className)} {...rest} />;
}
