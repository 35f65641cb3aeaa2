import { act, renderHook } from "@testing-library/react";
import { expect, it } from "vitest";
import { readLiveWay, useLiveWay, writeLiveWay } from "./liveWay";

it("is the standard way until somebody chooses, and every tile follows", () => {
  const { result } = renderHook(() => useLiveWay());
  expect(result.current).toBe("ws");
  act(() => writeLiveWay("webrtc"));
  expect(result.current).toBe("webrtc");
  expect(readLiveWay()).toBe("webrtc");
});

it("is the standard way when something else is kept", () => {
  localStorage.setItem("bk.live.way", "pigeon");
  expect(readLiveWay()).toBe("ws");
});
