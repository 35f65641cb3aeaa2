import { CopyOutlined, PrinterOutlined } from "@ant-design/icons";
import { App, Button } from "antd";
import { useTranslation } from "react-i18next";

interface Props {
  codes: readonly string[];
  doneKey: string;
  onDone: () => void;
}

/** Ten codes, shown once: to be printed or copied before going on. */
export function RecoveryCodes({ codes, doneKey, onDone }: Props) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const copy = async () => {
    await navigator.clipboard.writeText(codes.join("\n"));
    message.success(t("account.recovery.copied"));
  };
  return (
    <section className="bk-stack-16 bk-printable" aria-label={t("account.recovery.title")}>
      <p>{t("account.recovery.once")}</p>
      <ol className="bk-recovery">
        {codes.map((code) => (
          <li key={code} className="bk-mono">
            {code}
          </li>
        ))}
      </ol>
      <div className="bk-buttons bk-no-print">
        <Button type="primary" onClick={onDone}>
          {t(doneKey)}
        </Button>
        <Button
          icon={<CopyOutlined />}
          onClick={() => void copy().catch(() => message.info(t("account.recovery.byHand")))}
        >
          {t("account.recovery.copy")}
        </Button>
        <Button icon={<PrinterOutlined />} onClick={() => window.print()}>
          {t("account.recovery.print")}
        </Button>
      </div>
    </section>
  );
}
