import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type CamerasAsked, camerasQuery, pageSize } from "@/shared/api/cameras";
import { useDelayed } from "@/shared/useDelayed";

export const searchDelayMs = 250;
/** The cameras that a choice begins with: the first of those that a device serves. */
export const firstAsked: CamerasAsked = { connected: true, limit: pageSize };

/** Finds connected cameras by what is typed; the former result stays until the next one is there. */
export function useCameraSearch({ enabled = true, isAbnormal = false, isOpen = false } = {}) {
  const [text, setText] = useState("");
  const wanted = text.trim();
  const settled = useDelayed(wanted, searchDelayMs);
  const query = useQuery({
    ...camerasQuery({
      ...firstAsked,
      ...(settled ? { text: settled } : {}),
      ...(isAbnormal ? { abnormal: true } : {}),
      ...(isOpen ? { open: true } : {}),
    }),
    placeholderData: keepPreviousData,
    enabled,
  });
  const found = query.data?.items;
  return {
    text,
    setText,
    found,
    /** How many more fit than are shown. */
    left: query.data ? Math.max(0, query.data.total - query.data.items.length) : 0,
    isWaiting: wanted !== settled || query.isPlaceholderData || query.isLoading,
    isFailing: query.isError && found === undefined,
    retry: () => void query.refetch(),
  };
}
