import type { ReactNode } from "react";

interface Props {
  label: string;
  isOn?: boolean;
  onClick: () => void;
  children: ReactNode;
}

/** A small button of a tile; its name is its hint. */
export function Tool({ label, isOn, onClick, children }: Props) {
  return (
    <button
      type="button"
      className="bk-tool"
      aria-label={label}
      title={label}
      {...(isOn === undefined ? {} : { "aria-pressed": isOn })}
      onClick={onClick}
    >
      {children}
    </button>
  );
}
