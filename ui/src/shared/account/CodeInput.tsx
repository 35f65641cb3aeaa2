import { Input, type InputRef } from "antd";
import type { Ref } from "react";

interface Props {
  value?: string;
  onChange?: (code: string) => void;
  /** Called once six digits are there, typed or pasted. */
  onFull?: (code: string) => void;
  id?: string;
  ref?: Ref<InputRef>;
  disabled?: boolean;
  autoFocus?: boolean;
}

/** Six digits of an authenticator app: spaces of a pasted code go, the sixth digit sends it. */
export function CodeInput({ value = "", onChange, onFull, ...rest }: Props) {
  const take = (typed: string) => {
    const digits = typed.replace(/\D/g, "").slice(0, 6);
    onChange?.(digits);
    if (digits.length === 6 && digits !== value) onFull?.(digits);
  };
  return (
    <Input
      {...rest}
      className="bk-code"
      size="large"
      value={value}
      onChange={(event) => take(event.target.value)}
      inputMode="numeric"
      autoComplete="one-time-code"
      maxLength={12}
    />
  );
}
