import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { setAskForProof } from "@/shared/api/stepUp";

const StepUpDialog = lazy(async () => ({ default: (await import("./StepUpDialog")).StepUpDialog }));

/** Opens the dialog when the server wants a fresh proof: the refused request goes on after it; with none the refusal stands. */
export function StepUpDoor() {
  const settle = useRef<(proven: boolean) => void>(undefined);
  const [isAsked, setIsAsked] = useState(false);
  const close = (proven: boolean) => {
    setIsAsked(false);
    settle.current?.(proven);
    settle.current = undefined;
  };
  useEffect(() => {
    setAskForProof(
      () =>
        new Promise((resolve) => {
          settle.current = resolve;
          setIsAsked(true);
        }),
    );
    return () => {
      setAskForProof(undefined);
      settle.current?.(false);
    };
  }, []);
  return <Suspense fallback={null}>{isAsked && <StepUpDialog onClose={close} />}</Suspense>;
}
