import { CheckCircleFilled, WarningFilled } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Alert } from "antd";
import { useTranslation } from "react-i18next";
import { type ChainState, chainStateQuery } from "@/shared/api/audit";
import { useZone } from "@/shared/api/system";
import { formatMoment } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";

/** Whether the log is what was written: the last check, the newest anchor, the end of the chain. */
export function ChainPanel() {
  const { t } = useTranslation();
  const state = useQuery(chainStateQuery).data;
  if (!state) return null;
  const failures = state.check?.failures ?? [];
  return (
    <div className="bk-chain">
      {failures.length > 0 && (
        <Alert
          type="error"
          showIcon
          role="alert"
          title={t("audit.chain.broken", { count: failures.length })}
          description={
            <ul className="bk-chain-failures">
              {failures.map((code) => (
                <li key={code}>{t(`audit.trouble.${code}`, { defaultValue: code })}</li>
              ))}
              <li>{t("audit.chain.advice")}</li>
            </ul>
          }
        />
      )}
      {state.is_check_late && <Alert type="warning" showIcon title={t("audit.chain.late")} />}
      <Line state={state} isWell={failures.length === 0 && !state.is_check_late} />
    </div>
  );
}

function Line({ state, isWell }: { state: ChainState; isWell: boolean }) {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  const moment = (at: string) => formatMoment(Date.parse(at), zone, i18n.language, serverNowMs());
  return (
    <details className="bk-chain-line">
      <summary>
        <span className={isWell ? "bk-chain-well" : "bk-chain-ill"} aria-hidden>
          {isWell ? <CheckCircleFilled /> : <WarningFilled />}
        </span>{" "}
        {isWell ? t("audit.chain.well") : t("audit.chain.ill")}{" "}
        <span className="bk-secondary">
          {state.check
            ? t("audit.chain.checked", { at: moment(state.check.at), count: state.check.rows })
            : t("audit.chain.unchecked")}
        </span>
      </summary>
      <dl className="bk-pairs">
        <dt>{t("audit.chain.rows")}</dt>
        <dd>{t("audit.count", { count: state.seq })}</dd>
        <dt>{t("audit.chain.head")}</dt>
        <dd className="bk-mono">{state.hash}</dd>
        <dt>{t("audit.chain.anchor")}</dt>
        <dd>
          {state.anchored_at === null
            ? t("audit.chain.noAnchor")
            : t("audit.chain.anchored", {
                no: state.anchor_no,
                at: moment(state.anchored_at),
                seq: state.anchored_seq,
              })}
        </dd>
      </dl>
      <p className="bk-secondary">{t("audit.chain.what")}</p>
    </details>
  );
}
