/** Asks for a fresh proof where the server wants one, and repeats the request: callers notice nothing of it. */
import { readProblem } from "./problem";

type Send = (request: Request) => Promise<Response>;
/** Shows the dialog; true once the person proved to be there. */
export type AskForProof = () => Promise<boolean>;

let ask: AskForProof | undefined;
let asking: Promise<boolean> | undefined;

/** The dialog of the page that is shown now; undefined when there is none. */
export function setAskForProof(next: AskForProof | undefined): void {
  ask = next;
}

/** Several requests that are refused at the same time share one question. */
function askOnce(): Promise<boolean> {
  if (!ask) return Promise.resolve(false);
  asking ??= ask().finally(() => {
    asking = undefined;
  });
  return asking;
}

export async function fetchProven(request: Request, send: Send): Promise<Response> {
  const spare = request.clone();
  const response = await send(request);
  if (response.status !== 403 || (await readProblem(response)).code !== "auth.step_up_required") return response;
  return (await askOnce()) ? send(spare) : response;
}
