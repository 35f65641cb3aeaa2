// The page: files in, a verdict out. Text is set as text, never as markup.
import { asObject, type Json, type JsonObject } from "./bytes";
import { type Files, openFolder, openZip } from "./files";
import { type Item, type Verdict, verifyFiles } from "./verify";
import { fill, type Language, PURPOSES, TROUBLES, WORDS } from "./words";

let language: Language = navigator.language.toLowerCase().startsWith("en") ? "en" : "zh-CN";
let shown: { files: Files; verdict: Verdict } | null = null;
let isUnreadable = false;
let urls: string[] = [];

const at = (id: string): HTMLElement => {
  const found = document.getElementById(id);
  if (found === null) throw new Error(id);
  return found;
};

function element(tag: string, className: string, content: string | Node[] = ""): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  if (typeof content === "string") made.textContent = content;
  else made.append(...content);
  return made;
}

function localTime(value: Json | undefined): string {
  if (typeof value !== "string" || Number.isNaN(Date.parse(value))) return WORDS[language].unknown;
  const beijing = new Date(Date.parse(value) + 8 * 3600 * 1000).toISOString();
  return `${beijing.slice(0, 10)} ${beijing.slice(11, 23)} +08:00`;
}

function known(value: Json | undefined): string {
  return typeof value === "string" && value !== "" && value !== "unknown" ? value : WORDS[language].unknown;
}

function purpose(value: Json | undefined): string {
  return PURPOSES[language][String(value)] ?? known(value);
}

function drift(facts: JsonObject): string {
  const value = asObject(facts.clock).camera_drift_us;
  if (typeof value !== "number") return WORDS[language].unknown;
  const tenths = Math.round(value / 1e5) || 0;
  return `${tenths > 0 ? "+" : ""}${(tenths / 10).toFixed(1)} s`;
}

function rowsOf(facts: JsonObject): [string, string][] {
  const words = WORDS[language];
  const camera = asObject(facts.camera);
  const where = [camera.premises_name, camera.zone_name, camera.name]
    .filter((word) => word && word !== "unknown")
    .join("  ");
  const isClip = facts.kind === "clip";
  return [
    [words.place, where],
    isClip
      ? [words.range, `${localTime(facts.from_at)} — ${localTime(facts.to_at)}`]
      : [words.frameAt, localTime(facts.frame_at)],
    [words.drift, drift(facts)],
    [words.capturedAt, localTime(facts.captured_at)],
    [words.sealedAt, localTime(facts.sealed_at)],
    [words.clock, asObject(facts.clock).assured === true ? words.assured : words.notAssured],
    [words.operator, known(asObject(facts.operator).name)],
    [words.source, facts.source === "live" ? words.live : words.recording],
    [words.purpose, purpose(facts.purpose)],
    ...(facts.note ? [[words.note, String(facts.note)] as [string, string]] : []),
    [words.chain, String(facts.seq)],
  ];
}

function table(rows: [string, string][]): HTMLElement {
  return element(
    "dl",
    "facts",
    rows.flatMap(([name, value]) => [element("dt", "", name), element("dd", "", value)]),
  );
}

function media(files: Files, number: string, name: string, type: string, label: string): HTMLElement | null {
  const blob = files.get(`items/${number}/${name}`);
  if (blob === undefined) return null;
  const url = URL.createObjectURL(new Blob([blob], { type }));
  urls.push(url);
  const picture = document.createElement(type.startsWith("video/") ? "video" : "img");
  picture.src = url;
  if (picture instanceof HTMLVideoElement) picture.controls = true;
  else picture.alt = label;
  return element("figure", "", [picture, element("figcaption", "", `${label} ${name}`)]);
}

function showItem(files: Files, item: Item, isSound: boolean): HTMLElement {
  const words = WORDS[language];
  const parts: Node[] = [element("h2", "", item.number)];
  try {
    parts.push(table(rowsOf(item.facts)));
    // What did not pass is not shown as if it had.
    const originals = Array.isArray(item.facts.files) ? item.facts.files.map(asObject) : [];
    const pictures = isSound
      ? originals
          .filter((file) => file.role === "display" || file.role === "original")
          .map((file) => {
            const label = file.role === "display" ? words.display : words.original;
            return media(files, item.number, String(file.name), String(file.type), label);
          })
      : [];
    parts.push(
      element(
        "div",
        "pictures",
        pictures.filter((each) => each !== null),
      ),
    );
  } catch {
    // A manifest without these fields is named among the findings.
  }
  return element("section", "item", parts);
}

function verdictBox(verdict: Verdict, vouched: boolean): HTMLElement {
  const words = WORDS[language];
  const counts = { files: verdict.files, items: verdict.items.length, count: verdict.findings.length };
  const wrong = verdict.findings.filter((each) => each.trouble !== "suite_unsupported");
  if (wrong.length > 0) {
    const list = wrong.map((each) =>
      element(
        "li",
        "",
        `${each.item ? `${each.item}  ` : ""}${fill(TROUBLES[language][each.trouble], { file: each.file })}`,
      ),
    );
    return element("div", "verdict bad", [
      element("h2", "", `✕ ${words.brokenTitle}`),
      element("p", "", fill(words.brokenText, { count: wrong.length })),
      element("ul", "", list),
    ]);
  }
  const [title, sentence, look] =
    verdict.findings.length > 0
      ? [words.unjudgedTitle, words.unjudgedText, "open"]
      : vouched
        ? [words.vouchedTitle, words.vouchedText, "good"]
        : [words.intactTitle, words.intactText, "open"];
  return element("div", `verdict ${look}`, [
    element("h2", "", `${vouched ? "✓" : "◇"} ${title}`),
    element("p", "", fill(sentence, counts)),
  ]);
}

function render(): void {
  const words = WORDS[language];
  for (const url of urls) URL.revokeObjectURL(url);
  urls = [];
  document.documentElement.lang = language;
  document.title = words.title;
  for (const key of ["title", "lead", "chooseZip", "chooseFolder", "language", "fingerprint", "published"] as const) {
    at(key).textContent = words[key];
  }
  const given = at("given") as HTMLInputElement;
  given.placeholder = words.publishedHint;
  at("keys").hidden = shown === null;
  const out = at("out");
  out.replaceChildren();
  if (isUnreadable) out.append(element("div", "verdict bad", [element("h2", "", `✕ ${words.unreadable}`)]));
  if (shown === null) return;
  const { files, verdict } = shown;
  const typed = given.value.replace(/[\s:]/g, "").toLowerCase();
  const vouched = verdict.fingerprints.includes(typed);
  at("differs").textContent = typed.length === 64 && !vouched ? words.differs : "";
  at("prints").replaceChildren(
    ...verdict.fingerprints.map((print) => element("code", "print", (print.match(/.{4}/g) ?? []).join(" "))),
  );
  out.append(verdictBox(verdict, vouched));
  const list = verdict.list;
  if (list !== null) {
    out.append(
      table([
        [words.exported, localTime(list.made_at)],
        [words.by, known(asObject(list.made_by).name)],
        [words.purpose, purpose(list.purpose)],
        [words.caseNo, known(list.case_no)],
        [words.recipient, known(list.recipient)],
      ]),
    );
  }
  for (const item of verdict.items) {
    const isSound = !verdict.findings.some((each) => each.item === item.number && each.trouble !== "suite_unsupported");
    out.append(showItem(files, item, isSound));
  }
}

async function take(open: () => Promise<Files> | Files): Promise<void> {
  shown = null;
  isUnreadable = false;
  render();
  document.body.dataset.state = "working";
  try {
    const files = await open();
    const total = [...files.values()].reduce((sum, file) => sum + file.size, 0);
    const progress = (done: number): void => {
      const mega = (bytes: number): string => (bytes / 1e6).toFixed(1);
      at("progress").textContent = fill(WORDS[language].working, { done: mega(done), total: mega(total) });
    };
    progress(0);
    shown = { files, verdict: await verifyFiles(files, progress) };
  } catch {
    isUnreadable = true;
  }
  at("progress").textContent = "";
  render();
  document.body.dataset.state = "done";
}

async function openChosen(chosen: File[]): Promise<Files> {
  const first = chosen[0];
  return chosen.length === 1 && first !== undefined ? openZip(first) : openFolder(chosen);
}

function onChosen(id: string, open: (chosen: File[]) => Promise<Files> | Files): void {
  const input = at(id) as HTMLInputElement;
  input.addEventListener("change", () => {
    const chosen = [...(input.files ?? [])];
    input.value = ""; // or choosing the same file again would not be noticed
    void take(() => open(chosen));
  });
}

onChosen("zip", openChosen);
onChosen("folder", openFolder);
at("given").addEventListener("input", render);
at("language").addEventListener("click", () => {
  language = language === "en" ? "zh-CN" : "en";
  render();
});
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  void take(() => openChosen([...(event.dataTransfer?.files ?? [])]));
});
render();
