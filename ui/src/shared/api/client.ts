import createClient from "openapi-fetch";
import type { paths } from "@/generated/api";
import { readProblem } from "./problem";
import { fetchProven } from "./stepUp";

let language = "zh-CN";

/** The language in which the server words its refusals. */
export function setApiLanguage(lang: string): void {
  language = lang;
}

export const api = createClient<paths>({
  baseUrl: window.location.origin,
  credentials: "same-origin",
  // Looked up at each call, so that tests may put their own network beneath.
  fetch: (request) => fetchProven(request, (each) => globalThis.fetch(each)),
});

api.use({
  onRequest({ request }) {
    request.headers.set("X-BK", "1");
    request.headers.set("Accept-Language", language);
    return request;
  },
  async onResponse({ response }) {
    if (!response.ok) throw await readProblem(response);
    return response;
  },
});

/** The body of an answer that always has one. */
export function bodyOf<T>(answer: { data?: T }): T {
  if (answer.data === undefined) throw new TypeError("the answer has no body");
  return answer.data;
}
