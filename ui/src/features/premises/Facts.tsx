import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { PremisesShown } from "@/shared/api/premises";
import { useKinds } from "@/shared/premises/useKinds";

/** What is known, one line each; what is not known says so. */
export function Facts({ premises }: { premises: PremisesShown }) {
  const { t, i18n } = useTranslation();
  const { zone } = useKinds();
  const number = new Intl.NumberFormat(i18n.language);
  const rows: [string, ReactNode][] = [
    [t("premises.address"), premises.address],
    [t("premises.licenceNo"), premises.licence_no && <span className="bk-mono">{premises.licence_no}</span>],
    [t("premises.hours"), premises.hours && <Hours text={premises.hours} />],
  ];
  if (premises.view === "file") {
    const { position } = premises;
    rows.splice(1, 0, [
      t("premises.creditCode"),
      premises.credit_code && <span className="bk-mono">{premises.credit_code}</span>,
    ]);
    rows.push(
      [
        t("premises.area"),
        premises.area_m2 === null ? null : t("premises.areaOf", { area: number.format(premises.area_m2) }),
      ],
      [
        t("premises.diners"),
        premises.diners === null ? null : t("premises.dinersOf", { diners: number.format(premises.diners) }),
      ],
      [t("premises.presentZones"), premises.present_zones.map(zone).join(i18n.language.startsWith("zh") ? "、" : ", ")],
      [t("premises.position"), position && `${position.longitude_deg.toFixed(6)}, ${position.latitude_deg.toFixed(6)}`],
      [t("premises.externalNo"), premises.external_no],
      [
        t("premises.due"),
        premises.is_due
          ? premises.exempt_reason
            ? t("premises.exempt", { reason: premises.exempt_reason })
            : t("premises.dueYes")
          : t("premises.dueNo"),
      ],
    );
  }
  return (
    <dl className="bk-facts">
      {rows.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value || <span className="bk-muted">{t("premises.unknown")}</span>}</dd>
        </div>
      ))}
    </dl>
  );
}

const span = /^([1-7])(?:-([1-7]))? (\S+)-(\S+)$/;

/** "1-5 06:30-20:00;6 08:00-14:00" in words, one line a span. */
function Hours({ text }: { text: string }) {
  const { t } = useTranslation();
  const day = (number: string | undefined) => (number ? t(`premises.day.${number}`) : "");
  return (
    <span className="bk-stack">
      {text.split(";").map((part) => {
        const found = span.exec(part);
        if (!found) return <span key={part}>{part}</span>;
        const [, first, last, from, to] = found;
        const days = last && last !== first ? `${day(first)}—${day(last)}` : day(first);
        return (
          <span key={part}>
            {days} {from}—{to}
          </span>
        );
      })}
    </span>
  );
}
