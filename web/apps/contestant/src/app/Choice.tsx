import { type ReactNode, useId } from "react";
import css from "./Choice.module.css";

interface Option<T extends string> {
  id: T;
  name: string;
  text: ReactNode;
}

interface ChoiceProps<T extends string> {
  legend: string;
  options: Option<T>[];
  value: T | null;
  pick: (id: T) => void;
}

/** One of a few, each with a line that says what it is. */
export function Choice<T extends string>({ legend, options, value, pick }: ChoiceProps<T>) {
  const name = useId();
  return (
    <fieldset className={css.choices}>
      <legend>{legend}</legend>
      {options.map((one) => (
        <label key={one.id} className={css.choice} data-picked={one.id === value}>
          <input type="radio" name={name} checked={one.id === value} onChange={() => pick(one.id)} />
          <span>
            <b>{one.name}</b>
            <small>{one.text}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
