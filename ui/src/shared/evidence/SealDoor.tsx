import { lazy, Suspense, useEffect, useState } from "react";
import { type SealWish, setAskToSeal } from "./sealing";

const SealDialog = lazy(async () => ({ default: (await import("./SealDialog")).SealDialog }));

/** Stands in the frame and opens the dialog when a page asks for it; it is fetched then, for the first screen needs none. */
export function SealDoor() {
  const [wish, setWish] = useState<SealWish>();
  useEffect(() => {
    setAskToSeal(setWish);
    return () => setAskToSeal(undefined);
  }, []);
  return <Suspense fallback={null}>{wish && <SealDialog wish={wish} onClose={() => setWish(undefined)} />}</Suspense>;
}
