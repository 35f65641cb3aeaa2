import type { Camera } from "@/shared/api/cameras";

/** Whoever sees a camera's recordings marks moments of it. */
export function mayMark(camera: Camera, abilities: readonly string[]): boolean {
  return abilities.includes("mark.add") && camera.abilities.includes("camera.play");
}
