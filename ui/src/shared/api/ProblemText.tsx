import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { asProblem, type ProblemError } from "./problem";

/** The sentence to show: the server's own where it gave one. */
export function useProblemText(): (error: unknown) => string {
  const { t } = useTranslation();
  return (error) => {
    const problem: ProblemError = asProblem(error);
    if (problem.status === 0) return t("error.net");
    if (problem.detail) return problem.detail;
    return problem.status === 403 || problem.status === 404 ? t("error.access") : t("error.server");
  };
}

/** Sentence, retry and a number that can be copied. */
export function ProblemPanel({ error, title, onRetry }: { error: unknown; title?: string; onRetry: () => void }) {
  const { t } = useTranslation();
  const say = useProblemText();
  const { instance } = asProblem(error);
  return (
    <div className="bk-panel" role="alert">
      {title && <h2 className="bk-panel-title">{title}</h2>}
      <p>{say(error)}</p>
      <Button onClick={onRetry}>{t("common.retry")}</Button>
      {instance && <p className="bk-small bk-mono">{t("common.errorNumber", { id: instance })}</p>}
    </div>
  );
}
