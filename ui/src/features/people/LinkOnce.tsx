import { Alert, App, Button, QRCode } from "antd";
import { useTranslation } from "react-i18next";
import { useZone } from "@/shared/api/system";
import { formatMoment } from "@/shared/time/format";
import { serverNowMs } from "@/shared/time/serverClock";

/** The page that a code opens; the code stays behind the #, which browsers send to nobody. */
export function linkOf(page: "invite" | "reset", code: string): string {
  return `${window.location.origin}/${page}#${code}`;
}

interface Props {
  page: "invite" | "reset";
  code: string;
  expiresAt: string;
  title: string;
  advice: string;
}

/** A link that is told once: as text, as a picture for a telephone, and to copy. */
export function LinkOnce({ page, code, expiresAt, title, advice }: Props) {
  const { t, i18n } = useTranslation();
  const { message } = App.useApp();
  const zone = useZone();
  const link = linkOf(page, code);
  const until = formatMoment(Date.parse(expiresAt), zone, i18n.language, serverNowMs());
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link);
      message.success(t("people.copied"));
    } catch {
      message.warning(t("people.notCopied"));
    }
  };
  return (
    <div className="bk-once">
      <Alert type="success" showIcon title={title} description={advice} />
      <QRCode value={link} size={176} type="svg" bordered={false} color="#000000" bgColor="#ffffff" />
      <p className="bk-mono bk-once-link">{link}</p>
      <p className="bk-secondary">{t("people.linkOnce", { until })}</p>
      <Button onClick={() => void copy()}>{t("people.copy")}</Button>
    </div>
  );
}
