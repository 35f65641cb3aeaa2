import type { Camera, Profile, StreamReport } from "@/shared/api/cameras";

export type Condition = "absent" | "standby" | "connecting" | "live" | "degraded" | "offline";

/** What the camera as a whole is: its main stream speaks for it. A camera that no node reported yet is connecting.
 *
 * absent: a channel of the register that no device serves: there is nothing to connect to, and nothing to ask for.
 */
export function conditionOf(camera: Camera): Condition {
  if (camera.address === "") return "absent";
  return camera.streams.main?.state ?? "connecting";
}

export function reportOf(camera: Camera, profile: Profile): StreamReport | undefined {
  return camera.streams[profile] ?? undefined;
}

/** It should record, pictures arrive, and yet it does not: one of the few things that are red.
 *
 * A camera that is offline is shown as offline: the cause before the consequence.
 */
export function isNotRecording(camera: Camera): boolean {
  const main = camera.streams.main;
  return Boolean(
    main && camera.record.includes("main") && !main.recording && (main.state === "live" || main.state === "degraded"),
  );
}

export function isRecording(camera: Camera): boolean {
  return Boolean(camera.streams.main?.recording || camera.streams.sub?.recording);
}

export function isShowing(condition: Condition): boolean {
  return condition === "live" || condition === "degraded";
}

/** The stream for a small tile: the small one where there is one. */
export function profileFor(camera: Camera, tiles: number): Profile {
  return tiles > 1 && camera.sub_path ? "sub" : "main";
}
