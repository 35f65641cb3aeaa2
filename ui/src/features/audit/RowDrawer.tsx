import { App, Button, Drawer } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { AuditRow } from "@/shared/api/audit";
import { useAbilities } from "@/shared/api/session";
import { useZone } from "@/shared/api/system";
import { formatClock, formatDuration, formatIsoDate } from "@/shared/time/format";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import type { Wish } from "./question";
import { objectOf, roleWords } from "./words";

interface Props {
  row: AuditRow;
  onNarrow: (name: Wish, value: string) => void;
  onClose: () => void;
}

/** Everything that one row says, and its place in the chain. */
export function RowDrawer({ row, onNarrow, onClose }: Props) {
  const { t } = useTranslation();
  const isPhone = useMedia(isPhoneQuery);
  return (
    <Drawer open size={isPhone ? "100%" : 560} onClose={onClose} title={t("audit.rowTitle", { seq: row.seq })}>
      <Facts row={row} onNarrow={onNarrow} />
      <Details row={row} />
      <Chain row={row} />
    </Drawer>
  );
}

function Facts({ row, onNarrow }: Omit<Props, "onClose">) {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  const abilities = useAbilities();
  const at = Date.parse(row.at);
  const only = (name: Wish, value: string) => (
    <Button type="link" className="bk-link-button bk-only" onClick={() => onNarrow(name, value)}>
      {t(`audit.only.${name}`)}
    </Button>
  );
  const { main } = objectOf(row, t);
  return (
    <dl className="bk-pairs">
      <dt>{t("audit.time")}</dt>
      <dd>
        {formatIsoDate(at, zone)} {formatClock(at, zone)}
      </dd>
      <dt>{t("audit.action")}</dt>
      <dd>{row.action}</dd>
      <dt>{t("audit.result")}</dt>
      <dd>
        {t(`audit.result.${row.decision}`)}
        {row.reason_word && t("audit.because", { reason: row.reason_word })}
      </dd>
      <dt>{t("audit.person")}</dt>
      <dd>
        {row.actor ? `${row.actor.name}（${row.actor.username}）` : t("audit.nobody")}{" "}
        <span className="bk-secondary">{roleWords(row, t, i18n.language)}</span>
        {row.actor_id && only("actor", row.actor_id)}
      </dd>
      <Fact word="audit.object" shown={main !== ""}>
        {row.subject && row.object_kind === "user" ? `${row.subject.name}（${row.subject.username}）` : main}
        {row.object_id && row.object_id !== row.camera_id && only("object", row.object_id)}
      </Fact>
      <Fact word="audit.premises" shown={row.premises_id !== ""}>
        {abilities.includes("premises.card") ? (
          <Link to={`/premises/${row.premises_id}`}>{row.premises_name || row.premises_id}</Link>
        ) : (
          row.premises_name || row.premises_id
        )}
        {only("premises", row.premises_id)}
      </Fact>
      <Fact word="audit.camera" shown={row.camera_id !== ""}>
        {row.camera_name || row.camera_id}
        {only("camera", row.camera_id)}
      </Fact>
      <dt>{t("audit.address")}</dt>
      <dd className="bk-mono">{row.address === "local" ? t("audit.thisMachine") : row.address || t("audit.system")}</dd>
      <Fact word="audit.session" shown={row.session !== ""}>
        <span className="bk-mono">{row.session}</span>
        {only("session", row.session)}
      </Fact>
      <Fact word="audit.purpose" shown={Boolean(row.purpose)}>
        {t(`premises.purpose.${row.purpose}`, { defaultValue: row.purpose })}
      </Fact>
    </dl>
  );
}

function Fact({ word, shown, children }: { word: string; shown: boolean; children: ReactNode }) {
  const { t } = useTranslation();
  if (!shown) return null;
  return (
    <>
      <dt>{t(word)}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** Codes and numbers of the act, and the names and words beside them. */
function Details({ row }: { row: AuditRow }) {
  const { t } = useTranslation();
  const tell = useTeller();
  const shown = Object.entries(row.detail).filter(([key, value]) => key !== "act" && value !== "" && value !== null);
  const names = Object.entries(row.names ?? {});
  if (shown.length + names.length === 0 && row.names !== null) return null;
  return (
    <section className="bk-audit-part">
      <h2 className="bk-drawer-title">{t("audit.details")}</h2>
      <dl className="bk-pairs">
        {[...names, ...shown].map(([key, value]) => (
          <Fact key={key} word={tell.word(key)} shown>
            {tell.value(key, value)}
          </Fact>
        ))}
      </dl>
      {row.names === null && <p className="bk-secondary">{t("audit.erased")}</p>}
    </section>
  );
}

function useTeller() {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  const moment = (micros: number) => {
    const ms = micros / 1000;
    return `${formatIsoDate(ms, zone)} ${formatClock(ms, zone)}`;
  };
  /** "new.zone" is worded as the field it is about. */
  const word = (key: string) => {
    const [side = "", field = ""] = /^(old|new)\.(.+)$/.exec(key)?.slice(1) ?? ["", key];
    const called = t(`audit.detail.${field}`, { defaultValue: field });
    return side ? t(`audit.side.${side}`, { field: called }) : called;
  };
  const value = (key: string, given: unknown) => {
    if (typeof given === "number" && key.endsWith("_at")) return moment(given);
    if (typeof given === "number" && key === "seconds") return formatDuration(given * 1000, i18n.language);
    if (typeof given === "boolean") return given ? t("audit.yes") : t("audit.no");
    const text = String(given);
    if (key.endsWith("role")) return t(`role.${text}`, { defaultValue: text });
    if (key.endsWith("zone")) return t(`zone.${text}`, { defaultValue: text });
    return t(`audit.value.${text}`, { defaultValue: text });
  };
  return { word, value };
}

function Chain({ row }: { row: AuditRow }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(row.hash);
      message.success(t("audit.copied"));
    } catch {
      message.warning(t("audit.notCopied"));
    }
  };
  return (
    <section className="bk-audit-part">
      <h2 className="bk-drawer-title">{t("audit.place")}</h2>
      <p className={row.fits ? "" : "bk-error-text"}>{row.fits ? t("audit.fits") : t("audit.unfitText")}</p>
      <dl className="bk-pairs">
        <dt>{t("audit.hash")}</dt>
        <dd className="bk-mono">{row.hash}</dd>
        <dt>{t("audit.before")}</dt>
        <dd className="bk-mono">{row.before || t("audit.missing")}</dd>
      </dl>
      <Button size="small" onClick={() => void copy()}>
        {t("audit.copyHash")}
      </Button>
    </section>
  );
}
