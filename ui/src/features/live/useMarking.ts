import { useCallback, useState } from "react";
import type { Camera } from "@/shared/api/cameras";
import { useAddMark } from "@/shared/api/marks";
import { useProblemText } from "@/shared/api/ProblemText";

/** The mark that was made last, as the panel shows it. */
export interface Marked {
  camera: Camera;
  atMs: number;
  /** Of the server, once it has the mark. */
  id: string | undefined;
  /** Why it has not. */
  failed: string | undefined;
  /** The note was asked for by the key: its field takes the focus. */
  wantsNote: boolean;
}

/** Makes marks at once, so that writing never loses the moment; the last one can be spoken of and taken back. */
export function useMarking() {
  const [marked, setMarked] = useState<Marked>();
  const add = useAddMark();
  const say = useProblemText();
  const mark = (camera: Camera, atMs: number, wantsNote: boolean) => {
    const mine: Marked = { camera, atMs, id: undefined, failed: undefined, wantsNote };
    setMarked(mine);
    const become = (changes: Partial<Marked>) => setMarked((old) => (old === mine ? { ...mine, ...changes } : old));
    add.mutate(
      { camera: camera.id, atMs },
      { onSuccess: ({ id }) => become({ id }), onError: (error) => become({ failed: say(error) }) },
    );
  };
  const close = useCallback(() => setMarked(undefined), []);
  return { marked, mark, close };
}
