import { CheckOutlined, DisconnectOutlined, ExclamationCircleOutlined, MinusOutlined } from "@ant-design/icons";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { PremisesFile, ZoneCoverage } from "@/shared/api/premises";
import { useKinds } from "@/shared/premises/useKinds";

const marks: Record<ZoneCoverage["state"], ReactNode> = {
  COVERED: <CheckOutlined />,
  INACTIVE: <DisconnectOutlined />,
  MISSING: <ExclamationCircleOutlined />,
  NOT_PRESENT: <MinusOutlined />,
};

/** Is everything seen that must be, and if not, what is not. */
export function ZoneStrip({ premises }: { premises: PremisesFile }) {
  const { t, i18n } = useTranslation();
  const { zone } = useKinds();
  const required = premises.coverage.filter((each) => each.is_required);
  const covered = required.filter((each) => each.state === "COVERED");
  const open = required.filter((each) => each.state !== "COVERED").map((each) => zone(each.zone));
  const comma = i18n.language.startsWith("zh") ? "、" : ", ";
  return (
    <section className="bk-section bk-zones" aria-label={t("premises.mustZones")}>
      <p className="bk-zones-sum">
        <strong>{t("premises.mustZones")}</strong>
        <span>{t("premises.zonesCovered", { covered: covered.length, count: required.length })}</span>
        {open.length > 0 && (
          <span className="bk-warning-text">{t("premises.zonesOpen", { zones: open.join(comma) })}</span>
        )}
      </p>
      <ul className="bk-zone-list">
        {premises.coverage.map((each) => (
          <li key={each.zone} className={`bk-zone bk-zone-${zoneLook(each)}`}>
            <span aria-hidden className={each.state === "COVERED" ? "bk-ok" : ""}>
              {marks[each.state]}
            </span>
            <span>{zone(each.zone)}</span>
            <span className="bk-zone-word">
              {each.state === "MISSING" && !each.is_required
                ? t("premises.zone.SHOULD")
                : t(`premises.zone.${each.state}`)}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function zoneLook({ state, is_required }: ZoneCoverage): string {
  if (state === "COVERED") return "ok";
  if (state === "NOT_PRESENT" || !is_required) return "quiet";
  return "open";
}
