/** Gives the person a file to save. */
export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** The name that the server gave a file, else `otherwise`. */
export function nameOf(response: Response, otherwise: string): string {
  const found = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get("content-disposition") ?? "");
  return found?.[1] ? decodeURIComponent(found[1]) : otherwise;
}
