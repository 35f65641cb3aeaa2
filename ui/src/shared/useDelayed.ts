import { useEffect, useState } from "react";

/** The value once it has stood for that long; what is empty is taken at once. */
export function useDelayed(value: string, delayMs: number): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), value ? delayMs : 0);
    return () => clearTimeout(timer);
  }, [value, delayMs]);
  return value ? settled : "";
}
