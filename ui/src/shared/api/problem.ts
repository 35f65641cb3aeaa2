/** What the server said when it refused (RFC 9457), or that it said nothing. `detail` is a sentence for people. */
export interface FieldProblem {
  field: string;
  detail: string;
}

export class ProblemError extends Error {
  readonly status: number;
  readonly code: string;
  /** The sentence for people; "" if the server gave none. */
  readonly detail: string;
  readonly instance: string;
  readonly fields: readonly FieldProblem[];
  /** After a conflict: the record as it is on the server now. */
  readonly current: unknown;

  constructor(
    status: number,
    code: string,
    detail: string,
    instance = "",
    fields: readonly FieldProblem[] = [],
    current: unknown = undefined,
  ) {
    super(detail);
    this.current = current;
    this.name = "ProblemError";
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.instance = instance;
    this.fields = fields;
  }

  /** True where trying again in a moment may help. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function fieldsOf(body: Record<string, unknown>): FieldProblem[] {
  const params = (typeof body.params === "object" && body.params !== null ? body.params : {}) as Record<
    string,
    unknown
  >;
  if (Array.isArray(body.errors)) {
    return body.errors.flatMap((each: unknown) => {
      if (typeof each !== "object" || each === null) return [];
      const { field, detail } = each as Record<string, unknown>;
      return typeof field === "string" ? [{ field, detail: text(detail) || text(body.detail) }] : [];
    });
  }
  const field = text(params.field);
  return field ? [{ field, detail: text(body.detail) }] : [];
}

/** Reads a refusal's body; one that is no problem+json keeps an empty `detail`, for the screen to fill. */
export async function readProblem(response: Response): Promise<ProblemError> {
  let body: unknown;
  try {
    body = await response.clone().json();
  } catch {
    body = {};
  }
  const problem = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  return new ProblemError(
    response.status,
    text(problem.code) || `http.${response.status}`,
    text(problem.detail),
    text(problem.instance).replace(/^urn:bk:request:/, ""), // people read it out over the telephone
    fieldsOf(problem),
    problem.current ?? undefined,
  );
}

export function asProblem(error: unknown): ProblemError {
  return error instanceof ProblemError ? error : new ProblemError(0, "net.lost", "");
}
