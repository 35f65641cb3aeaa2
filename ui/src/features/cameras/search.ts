import type { Camera } from "@/shared/api/cameras";
import { conditionOf, isNotRecording } from "@/shared/camera/condition";

export type CameraFilter = "all" | "abnormal";

export function isAbnormal(camera: Camera): boolean {
  const condition = conditionOf(camera);
  return condition === "offline" || condition === "degraded" || isNotRecording(camera);
}

/** Every word must be found somewhere in the camera's names, zone (code or word) or address. */
export function filterCameras(
  cameras: readonly Camera[],
  text: string,
  filter: CameraFilter,
  zoneWord: (zone: string) => string,
): Camera[] {
  const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return cameras.filter((camera) => {
    if (filter === "abnormal" && !isAbnormal(camera)) return false;
    const hay = [camera.name, camera.premises_name, camera.zone, zoneWord(camera.zone), camera.address]
      .join("\n")
      .toLocaleLowerCase();
    return words.every((word) => hay.includes(word));
  });
}
