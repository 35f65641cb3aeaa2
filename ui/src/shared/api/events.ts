import type { QueryClient } from "@tanstack/react-query";
import { type Camera, camerasKey, dropCamera, putCamera } from "./cameras";
import { faultsKey } from "./maintenance";
import { overviewKey } from "./overview";
import { alarmsKey } from "./recording";
import { sessionQuery } from "./session";

const workKeys = [overviewKey, alarmsKey, faultsKey];

const sessionOverCode = 1008;
const rolesChangedCode = 1012;
/** However fast alarms come, what shows them is read again no faster. */
const readWorkEveryMs = 3_000;

export interface EventsPorts {
  openSocket: (url: string) => WebSocket;
  random: () => number;
}

const browser: EventsPorts = { openSocket: (url) => new WebSocket(url), random: Math.random };

/** Keeps the cameras in the query cache as the server has them; after every gap what is shown is read again.
 *
 * returns: stop.  `onLine` hears whether the line stands.
 */
export function followEvents(queries: QueryClient, onLine: (up: boolean) => void, ports: EventsPorts = browser) {
  let socket: WebSocket | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let attempt = 0;
  let stopped = false;
  let workTimer: ReturnType<typeof setTimeout> | undefined;
  let isWorkNews = false;

  const readWork = () => {
    if (workTimer !== undefined) {
      isWorkNews = true;
      return;
    }
    isWorkNews = false;
    for (const queryKey of workKeys) void queries.invalidateQueries({ queryKey });
    workTimer = setTimeout(() => {
      workTimer = undefined;
      if (isWorkNews) readWork();
    }, readWorkEveryMs);
  };

  const connect = () => {
    const url = new URL("/api/v1/events", window.location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const mine = ports.openSocket(url.href);
    socket = mine;
    mine.onopen = () => {
      if (attempt > 0) {
        void queries.invalidateQueries({ queryKey: camerasKey });
        readWork();
      }
      attempt = 0;
      onLine(true);
    };
    mine.onmessage = (event) => applyEvent(queries, event.data, readWork);
    mine.onclose = ({ code }) => {
      if (stopped || mine !== socket) return;
      if (code === rolesChangedCode) void queries.invalidateQueries();
      if (code === sessionOverCode) void queries.invalidateQueries({ queryKey: sessionQuery.queryKey });
      onLine(false);
      attempt += 1;
      const waitMs = Math.min(30_000, 500 * 2 ** Math.min(attempt, 6)) * (0.7 + 0.6 * ports.random());
      timer = setTimeout(connect, waitMs);
    };
  };
  connect();
  return () => {
    stopped = true;
    clearTimeout(timer);
    clearTimeout(workTimer);
    socket?.close();
  };
}

function applyEvent(queries: QueryClient, data: unknown, readWork: () => void): void {
  if (typeof data !== "string") return;
  const event = JSON.parse(data) as { type: string; camera?: Camera; id?: string };
  if (event.type === "camera" && event.camera) putCamera(queries, event.camera);
  if (event.type === "removed" && event.id) dropCamera(queries, event.id);
  if (event.type === "work") readWork();
}
