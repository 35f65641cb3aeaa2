import type { PointerEvent } from "react";
import type { Narrowed } from "@/shared/api/cameraTree";
import type { Carried } from "./wall";

/** What somebody can do with a list of cameras beside the wall. */
export interface PickerProps {
  shown: readonly string[];
  onPick: (id: string) => void;
  onDragBegin: (event: PointerEvent, carried: Carried, label: string) => void;
  /** Hangs the cameras of a premises on the wall. */
  onPremises: (id: string) => void;
  /** Asks for a rotation of a branch. */
  onBranch: (by: "region" | "category", id: string) => void;
}

/** Why a list that nobody searches is empty. */
export function emptyWord({ isAbnormal, isOpen }: Narrowed) {
  if (isAbnormal && isOpen) return "live.noneAbnormalOpen";
  if (isAbnormal) return "live.noneAbnormal";
  return isOpen ? "live.noneOpen" : "camera.emptySearch";
}
