import { TranslationOutlined } from "@ant-design/icons";
import { App, Button } from "antd";
import { useTranslation } from "react-i18next";
import { changeLanguage } from "./index";

export function LanguageButton() {
  const { t, i18n } = useTranslation();
  const { message } = App.useApp();
  const isChinese = i18n.language.startsWith("zh");
  return (
    <Button
      type="text"
      icon={<TranslationOutlined />}
      lang={isChinese ? "en" : "zh-CN"}
      aria-label={isChinese ? "English" : "中文"}
      onClick={() => {
        changeLanguage(isChinese ? "en" : "zh-CN").catch(() => message.error(t("error.page")));
      }}
    >
      <span className="bk-language-word">{isChinese ? "English" : "中文"}</span>
    </Button>
  );
}
