import { useTranslation } from "react-i18next";
import type { CameraPlan, Level } from "@/shared/api/recording";
import { useRecordingWords } from "./words";

/** How long and how one camera is recorded, and who said so. */
export function PlanFacts({ plan }: { plan: CameraPlan }) {
  const { t, i18n } = useTranslation();
  const words = useRecordingWords();
  const from = (level: Level | null) => t(`recording.plan.from.${level ?? "usual"}`);
  const said = plan.rules.find(({ level }) => level === plan.keep_from)?.keep_days ?? null;
  const isRaised = said !== null && said < plan.keep_days;
  const now = plan.recorded.map(words.stream).join(i18n.language.startsWith("zh") ? "、" : ", ");
  return (
    <dl className="bk-facts">
      <div>
        <dt>{t("recording.plan.keep")}</dt>
        <dd>
          {words.days(plan.keep_days)} <span className="bk-secondary">{from(plan.keep_from)}</span>
          <p className="bk-secondary">
            {isRaised
              ? t("recording.plan.raised", { said, floor: plan.floor_days })
              : t("recording.plan.floor", { count: plan.floor_days })}
          </p>
        </dd>
      </div>
      <div>
        <dt>{t("recording.plan.mode")}</dt>
        <dd>
          {words.mode(plan.mode)} <span className="bk-secondary">{from(plan.mode_from)}</span>
        </dd>
      </div>
      <div>
        <dt>{t("recording.plan.now")}</dt>
        <dd>{now || t("recording.plan.nowNothing")}</dd>
      </div>
    </dl>
  );
}
