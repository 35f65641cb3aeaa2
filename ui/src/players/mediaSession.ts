/** A handle of a media node (docs/design/media-path.md §4.2): opened with a token, renewed, sent as a header. */

export interface NodeToken {
  token: string;
  mediaUrl: string;
}

export class MediaRefused extends Error {
  readonly status: number;
  /** The node's sentence for people, if it said one. */
  readonly detail: string;
  /** What the node calls it, if it said so. */
  readonly code: string;
  constructor(status: number, detail = "", code = "") {
    super(`media node answered ${status}`);
    this.name = "MediaRefused";
    this.status = status;
    this.detail = detail;
    this.code = code;
  }
}

async function refusalOf(response: Response): Promise<MediaRefused> {
  const body: unknown = await response.json().catch(() => undefined);
  if (typeof body !== "object" || body === null) return new MediaRefused(response.status);
  const word = (key: string) => String(Object.entries(body).find(([name]) => name === key)?.[1] ?? "");
  return new MediaRefused(response.status, word("detail"), word("code"));
}

const renewAfterMs = 60_000;
const expiresMs = 110_000;
export const handleHeader = "X-BK-Media";

export class MediaSession {
  readonly #fetchToken: () => Promise<NodeToken>;
  readonly #renews: boolean;
  #handle = "";
  #mediaUrl = "";
  #renewedAtMs = 0;
  #opening: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** renews: false for a session that is used now and then only: it opens again when its handle has ended. */
  constructor(fetchToken: () => Promise<NodeToken>, { renews = true }: { renews?: boolean } = {}) {
    this.#fetchToken = fetchToken;
    this.#renews = renews;
  }

  get mediaUrl(): string {
    return this.#mediaUrl;
  }

  get handle(): string {
    return this.#handle;
  }

  /** Has a live handle afterwards. raises: MediaRefused, TypeError (no network), what the token callback raises. */
  async open(): Promise<void> {
    if (this.#handle && performance.now() - this.#renewedAtMs < expiresMs) return;
    this.#opening ??= this.#openNew().finally(() => {
      this.#opening = undefined;
    });
    await this.#opening;
  }

  /** The next `open` takes a new handle: this one was refused. */
  forget(): void {
    this.#handle = "";
  }

  /** Fetches from the node; a refused handle is replaced once. raises: as `open`. */
  async get(path: string, signal?: AbortSignal): Promise<Response> {
    return this.#send(path, signal ? { signal } : {});
  }

  /** Asks the node for something that needs a body. raises: as `open`. */
  async post(path: string, body: object): Promise<Response> {
    return this.#send(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  }

  async #send(path: string, init: RequestInit & { headers?: Record<string, string> }): Promise<Response> {
    for (let isSecond = false; ; isSecond = true) {
      await this.open();
      const headers = { ...init.headers, [handleHeader]: this.#handle };
      const response = await fetch(`${this.#mediaUrl}${path}`, { ...init, headers, credentials: "omit" });
      if (response.ok) return response;
      if (response.status !== 401 || isSecond) throw await refusalOf(response);
      this.forget();
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    if (!this.#handle) return;
    const headers = { [handleHeader]: this.#handle };
    this.#handle = "";
    // Best effort: a handle that is not given back ends by itself.
    fetch(`${this.#mediaUrl}/media/session`, { method: "DELETE", headers, credentials: "omit", keepalive: true }).catch(
      () => undefined,
    );
  }

  async #openNew(): Promise<void> {
    const { token, mediaUrl } = await this.#fetchToken();
    const answer = await this.#post(`${mediaUrl}/media/session`, token, {});
    this.#handle = answer;
    this.#mediaUrl = mediaUrl;
    this.#renewedAtMs = performance.now();
    this.#plan(renewAfterMs);
  }

  #plan(afterMs: number): void {
    clearTimeout(this.#timer);
    if (!this.#closed && this.#renews) this.#timer = setTimeout(() => void this.#renew(), afterMs);
  }

  async #renew(): Promise<void> {
    const mine = this.#handle;
    try {
      const { token, mediaUrl } = await this.#fetchToken();
      if (this.#closed || this.#handle !== mine) return;
      await this.#post(`${mediaUrl}/media/session/renew`, token, { [handleHeader]: mine });
      this.#renewedAtMs = performance.now();
      this.#plan(renewAfterMs);
    } catch {
      // The handle still lives for a while; after that the next `get` opens a new one and tells why if it cannot.
      this.#plan(10_000);
    }
  }

  async #post(url: string, token: string, headers: Record<string, string>): Promise<string> {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: JSON.stringify({ token }),
      credentials: "omit",
    });
    if (!response.ok) throw new MediaRefused(response.status);
    const body: unknown = response.status === 204 ? {} : await response.json();
    return typeof body === "object" && body !== null && "handle" in body ? String(body.handle) : "";
  }
}
