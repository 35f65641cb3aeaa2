import { useTranslation } from "react-i18next";
import type { Settings } from "@/shared/api/settings";
import { useZone } from "@/shared/api/system";
import { formatDate } from "@/shared/time/format";
import { useNow } from "@/shared/time/useNow";
import { Facts, Panel } from "./Panel";

type Ways = Settings["ways_in"];
type Certificate = NonNullable<Ways["certificate"]>;

const dayMs = 86_400_000;
/** Our own is renewed a month before its end; an operator's is by then somebody's to look after. */
const soonDays = 21;

/** How browsers reach the page, and with which certificate. */
export function CertificatePanel({ ways: { origins, encryption, certificate } }: { ways: Ways }) {
  const { t } = useTranslation();
  return (
    <Panel word="settings.https">
      <Facts
        facts={[
          [
            "settings.https.kind",
            <span key="kind" className={encryption === "none" ? "bk-warning-text" : undefined}>
              {t(`settings.https.kind.${encryption}`)}
            </span>,
          ],
          [
            "settings.https.origins",
            <ul key="origins" className="bk-settings-list bk-mono">
              {origins.map((origin) => (
                <li key={origin}>{origin}</li>
              ))}
            </ul>,
          ],
        ]}
      />
      {certificate ? (
        <CertificateFacts certificate={certificate} />
      ) : (
        (encryption === "own" || encryption === "generated") && (
          <p className="bk-warning-text">{t("settings.https.unreadable")}</p>
        )
      )}
      {encryption === "generated" && (
        <p>
          {t("settings.https.install")} <a href="/ca.crt">{t("login.ca.link")}</a>
        </p>
      )}
    </Panel>
  );
}

function CertificateFacts({ certificate }: { certificate: Certificate }) {
  const { t, i18n } = useTranslation();
  const zone = useZone();
  const nowMs = useNow();
  const date = (at: string) => formatDate(Date.parse(at), zone, i18n.language, nowMs);
  const leftDays = Math.floor((Date.parse(certificate.not_after_at) - nowMs) / dayMs);
  return (
    <Facts
      facts={[
        [
          "settings.https.validity",
          <span key="validity" className={leftDays < soonDays ? "bk-warning-text" : undefined}>
            {t("settings.https.fromTo", { from: date(certificate.not_before_at), to: date(certificate.not_after_at) })}
            {leftDays < 0 ? t("settings.https.over") : t("settings.https.left", { count: leftDays })}
          </span>,
        ],
        ["settings.https.names", certificate.names.join(t("settings.comma"))],
        [
          "settings.https.fingerprint",
          <span key="fingerprint" className="bk-mono bk-settings-hash">
            {certificate.fingerprint}
          </span>,
        ],
      ]}
    />
  );
}
