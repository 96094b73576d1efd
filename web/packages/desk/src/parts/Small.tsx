import { Button, type ButtonProps, cx } from "@gavel/ui";
import css from "./Small.module.css";

/** The desks' everyday button: 44 px, for rows of actions. */
export function SmallButton({ className, ...rest }: ButtonProps) {
  return <Button className={cx(css.small, className)} {...rest} />;
}
