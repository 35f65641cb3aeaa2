import { useSyncExternalStore } from "react";
import type { LiveWay } from "@/players/live/chooseDriver";

/** Which way this browser plays live pictures, kept in it; every tile follows at once. */

const storageKey = "bk.live.way";
const listeners = new Set<() => void>();

export function readLiveWay(): LiveWay {
  return localStorage.getItem(storageKey) === "webrtc" ? "webrtc" : "ws";
}

export function writeLiveWay(way: LiveWay): void {
  localStorage.setItem(storageKey, way);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useLiveWay(): LiveWay {
  return useSyncExternalStore(subscribe, readLiveWay);
}
