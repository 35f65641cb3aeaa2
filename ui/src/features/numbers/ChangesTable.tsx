import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type DenominatorChange, useDenominatorChanges } from "@/shared/api/numbers";
import { useZone } from "@/shared/api/system";
import { formatMoment } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";
import { effectsOf } from "./figures";

/** The log of what 100 % is counted from. Whoever may not read it sees no section. */
export function ChangesTable() {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  const changes = useDenominatorChanges();
  const rows = changes.data?.pages.flatMap((page) => page.items) ?? [];
  if (rows.length === 0) return null;
  return (
    <>
      <div className="bk-numbers-head">
        <h2>{t("numbers.changes")}</h2>
        <span className="bk-muted bk-small">{t("numbers.changesHint")}</span>
      </div>
      <section className="bk-matrix" aria-label={t("numbers.changes")}>
        <table>
          <thead>
            <tr>
              {["changeAt", "changeOf", "changeWhat", "changeCounts", "changeWhy", "changeBy"].map((key) => (
                <th key={key} scope="col">
                  {t(`numbers.${key}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={`${row.premises_id} ${row.at}`}>
                <td>{formatMoment(Date.parse(row.at), zone, i18n.language, serverNowMs())}</td>
                <td>
                  <Link to={`/premises/${row.premises_id}`}>{row.premises_name}</Link>
                </td>
                <td>{t(`numbers.what.${row.what}`)}</td>
                <td>
                  <Effects change={row} />
                </td>
                <td>{row.reason || "—"}</td>
                <td>{row.actor || t("numbers.bySystem")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {changes.hasNextPage && (
        <Button loading={changes.isFetchingNextPage} onClick={() => void changes.fetchNextPage()}>
          {t("numbers.more")}
        </Button>
      )}
    </>
  );
}

function Effects({ change }: { change: DenominatorChange }) {
  const { t } = useTranslation();
  const effects = effectsOf(change);
  if (effects.length === 0) return t("numbers.noEffect");
  return effects.map(({ count, step }) => `${t(`numbers.count.${count}`)} ${step > 0 ? "+1" : "−1"}`).join("，");
}
