import { useQuery } from "@tanstack/react-query";
import { Tag } from "antd";
import { useTranslation } from "react-i18next";
import { premisesQuery } from "@/shared/api/premises";

/** The premises that an address names; "" = none that can be. */
export function premisesOf(query: URLSearchParams): string {
  const premises = query.get("premises") ?? "";
  return /^prm_[0-9a-z]{1,30}$/.test(premises) ? premises : "";
}

/** Says that a list holds one premises' rows only, and takes that back. */
export function PremisesOnly({ premises, onClear }: { premises: string; onClear: () => void }) {
  const { t } = useTranslation();
  const found = useQuery({ ...premisesQuery(premises), enabled: premises !== "" }).data;
  if (!premises) return null;
  return (
    <Tag closable={{ "aria-label": t("premises.clearOnly") }} onClose={onClear}>
      {found ? t("premises.onlyThis", { name: found.name }) : t("premises.onlyOne")}
    </Tag>
  );
}
