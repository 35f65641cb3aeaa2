import type { components } from "@/generated/api";
import { api, bodyOf } from "./client";

export type TokenWish = components["schemas"]["TokenWishIn"];

export interface MediaToken {
  token: string;
  mediaUrl: string;
}

/** One token for one act. raises: ProblemError. */
export async function fetchMediaToken(wish: TokenWish): Promise<MediaToken> {
  const { items } = bodyOf(await api.POST("/api/v1/media/tokens", { body: { items: [wish] } }));
  const item = items[0];
  if (!item) throw new TypeError("no token in the answer");
  return { token: item.token, mediaUrl: item.media_url.replace(/\/$/, "") };
}
