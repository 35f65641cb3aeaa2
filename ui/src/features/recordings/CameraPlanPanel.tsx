import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Skeleton } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { camerasByIdQuery } from "@/shared/api/cameras";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { type CameraPlan, cameraPlanQuery, type RuleChange } from "@/shared/api/recording";
import { useAbilities } from "@/shared/api/session";
import { PlanFacts } from "@/shared/recording/PlanFacts";
import { useMoments, useRecordingWords } from "@/shared/recording/words";
import { CameraPick } from "./CameraPick";
import type { Edited, Said } from "./rule";

interface Props {
  camera: string;
  onCamera: (id: string) => void;
  onEdit: (edited: Edited) => void;
}

/** What holds for one camera, and why. */
export function CameraPlanPanel({ camera, onCamera, onEdit }: Props) {
  const { t } = useTranslation();
  const plan = useQuery({ ...cameraPlanQuery(camera), enabled: camera !== "" });
  return (
    <section className="bk-section" aria-label={t("recording.plan.title")}>
      <div className="bk-section-head">
        <h2>{t("recording.plan.title")}</h2>
      </div>
      <p className="bk-secondary">{t("recording.plan.text")}</p>
      <div className="bk-plan-pick">
        <CameraPick value={camera} onChange={onCamera} label={t("recording.camera")} />
      </div>
      {camera === "" ? null : plan.isError && plan.data === undefined ? (
        <ProblemPanel error={plan.error} onRetry={() => void plan.refetch()} />
      ) : plan.data === undefined ? (
        <Skeleton active={false} paragraph={{ rows: 4 }} />
      ) : (
        <Plan plan={plan.data} onEdit={onEdit} />
      )}
    </section>
  );
}

const shownWindows = 3;

function Plan({ plan, onEdit }: { plan: CameraPlan; onEdit: (edited: Edited) => void }) {
  const { t } = useTranslation();
  const { range } = useMoments();
  const abilities = useAbilities();
  const queries = useQueryClient();
  const camera = useQuery(camerasByIdQuery(queries, [plan.camera_id])).data?.items[0];
  const name = [camera?.premises_name, camera?.name].filter(Boolean).join(" · ");
  const own = plan.rules.find(({ level }) => level === "camera");
  return (
    <>
      <PlanFacts plan={plan} />
      {plan.quiet.length > 0 && (
        <dl className="bk-facts">
          <div>
            <dt>{t("recording.plan.quiet")}</dt>
            <dd>
              <ul className="bk-plan-list">
                {plan.quiet.slice(0, shownWindows).map((each) => (
                  <li key={each.from}>{range(each.from, each.to)}</li>
                ))}
                {plan.quiet.length > shownWindows && (
                  <li className="bk-secondary">
                    {t("recording.plan.quietMore", { count: plan.quiet.length - shownWindows })}
                  </li>
                )}
              </ul>
            </dd>
          </div>
        </dl>
      )}
      <div className="bk-row-buttons">
        {plan.abilities.includes("recording.set_rule") && (
          <Button onClick={() => onEdit({ level: "camera", subject: plan.camera_id, name, rule: own })}>
            {t("recording.rules.add.camera")}
          </Button>
        )}
        {abilities.includes("recording.view_hold") && (
          <span className="bk-actions">
            <Link to={`/recordings/holds?c=${plan.camera_id}`}>{t("tab.recordingHolds")}</Link>
          </span>
        )}
      </div>
      <h3 className="bk-drawer-title">{t("recording.plan.changes")}</h3>
      {plan.changes.length === 0 ? (
        <p className="bk-muted">{t("recording.plan.noChanges")}</p>
      ) : (
        <ul className="bk-history">
          {plan.changes.map((each) => (
            <Change key={each.version} change={each} />
          ))}
        </ul>
      )}
    </>
  );
}

function Change({ change }: { change: RuleChange }) {
  const { t, i18n } = useTranslation();
  const words = useRecordingWords();
  const { moment } = useMoments();
  const isChinese = i18n.language.startsWith("zh");
  const shown = ({ keep_days, mode }: Said) =>
    [keep_days === null ? "" : words.days(keep_days), mode === null ? "" : words.mode(mode)]
      .filter(Boolean)
      .join(isChinese ? "、" : ", ") || t("recording.rules.nothing");
  return (
    <li>
      <time dateTime={change.at}>{moment(change.at)}</time>
      <div className="bk-name-cell">
        <span>
          {t(`recording.rules.${change.level}`)}
          {isChinese ? "：" : ": "}
          {t("recording.plan.change", {
            before: shown({ keep_days: change.old_keep_days, mode: change.old_mode }),
            after: shown({ keep_days: change.new_keep_days, mode: change.new_mode }),
          })}
        </span>
        <span className="bk-secondary">{change.reason}</span>
      </div>
    </li>
  );
}
