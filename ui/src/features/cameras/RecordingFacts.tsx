import { CloseCircleFilled } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { cameraPlanQuery, useOpenAlarms } from "@/shared/api/recording";
import { useAbilities } from "@/shared/api/session";
import { PlanFacts } from "@/shared/recording/PlanFacts";
import { useMoments, useRecordingWords } from "@/shared/recording/words";

/** How a camera is recorded, what of it is missing now, and where to change it. Nothing for whom it is no business of. */
export function RecordingFacts({ camera }: { camera: string }) {
  const { t } = useTranslation();
  const abilities = useAbilities();
  const words = useRecordingWords();
  const { moment } = useMoments();
  const canSee = abilities.includes("recording.view_plan");
  const plan = useQuery({ ...cameraPlanQuery(camera), enabled: canSee });
  const alarms = useOpenAlarms(abilities.includes("recording.view_alarm"));
  if (!canSee) return null;
  return (
    <section aria-label={t("recording.plan.drawerTitle")}>
      <h2 className="bk-drawer-title">{t("recording.plan.drawerTitle")}</h2>
      {alarms
        ?.filter((each) => each.camera_id === camera)
        .map((each) => (
          <p key={each.id} className="bk-error-text">
            <CloseCircleFilled aria-hidden />{" "}
            {t("recording.plan.drawerAlarm", {
              stream: words.stream(each.profile),
              at: moment(each.since_at),
              reason: words.reason(each.reason),
            })}
          </p>
        ))}
      {plan.data && <PlanFacts plan={plan.data} />}
      {plan.isError && !plan.data && <p className="bk-warning-text">{t("recording.plan.readFailed")}</p>}
      <p>
        <Link to={`/recordings/rules?c=${camera}`}>{t("recording.plan.toRules")}</Link>
      </p>
    </section>
  );
}
