import { cx } from "@gavel/ui";
import {
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
} from "react";
import css from "./Field.module.css";

interface FieldProps {
  label: ReactNode;
  hint?: ReactNode;
  error?: string | undefined;
  className?: string | undefined;
}

/** Label above, control, then the hint or what is wrong with it. */
function Frame({ id, label, hint, error, className, children }: FieldProps & { id: string; children: ReactNode }) {
  return (
    <div className={cx(css.field, className)}>
      <label htmlFor={id}>{label}</label>
      {children}
      {(error ?? hint) && (
        <p id={`${id}-note`} className={error ? css.error : css.hint}>
          {error ?? hint}
        </p>
      )}
    </div>
  );
}

function described(id: string, { hint, error }: Pick<FieldProps, "hint" | "error">) {
  return { "aria-describedby": hint || error ? `${id}-note` : undefined, "aria-invalid": error ? true : undefined };
}

/** `end` is a button inside the control, at its end. */
export function Field({
  label,
  hint,
  error,
  className,
  end,
  ...rest
}: FieldProps & { end?: ReactNode } & Omit<InputHTMLAttributes<HTMLInputElement>, "className">) {
  const id = useId();
  return (
    <Frame {...{ id, label, hint, error, className }}>
      <div className={css.box} data-end={end ? "" : undefined}>
        <input id={id} className={css.control} {...described(id, { hint, error })} {...rest} />
        {end}
      </div>
    </Frame>
  );
}

export function TextField({
  label,
  hint,
  error,
  className,
  ...rest
}: FieldProps & Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, "className">) {
  const id = useId();
  return (
    <Frame {...{ id, label, hint, error, className }}>
      <textarea id={id} className={css.control} {...described(id, { hint, error })} {...rest} />
    </Frame>
  );
}

export function SelectField({
  label,
  hint,
  error,
  className,
  children,
  ...rest
}: FieldProps & Omit<SelectHTMLAttributes<HTMLSelectElement>, "className">) {
  const id = useId();
  return (
    <Frame {...{ id, label, hint, error, className }}>
      <select id={id} className={cx(css.control, css.select)} {...described(id, { hint, error })} {...rest}>
        {children}
      </select>
    </Frame>
  );
}
