import { useTranslation } from "react-i18next";
import { useAbilities } from "@/shared/api/session";
import { RegionSelect } from "./RegionSelect";

/** The region that an address narrows a list to; "" = all that the person may see. */
export function regionOf(query: URLSearchParams): string {
  const code = query.get("r") ?? "";
  return /^\d{6}(\d{3}){0,2}$/.test(code) ? code : "";
}

/** Narrows a list to a county or a township, for those who answer for more than one. */
export function RegionFilter({ value, onChange }: { value: string; onChange: (code: string | undefined) => void }) {
  const { t } = useTranslation();
  const isOfUse = useAbilities().includes("overview.view");
  if (!isOfUse && !value) return null;
  return (
    <RegionSelect
      className="bk-filter"
      allowClear
      label={t("premises.region")}
      placeholder={t("premises.region")}
      value={value || undefined}
      onChange={onChange}
    />
  );
}
