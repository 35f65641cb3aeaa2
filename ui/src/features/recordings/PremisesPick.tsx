import { useQuery } from "@tanstack/react-query";
import { Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { premisesFoundQuery } from "@/shared/api/premisesSearch";
import { useDelayed } from "@/shared/useDelayed";

const delayMs = 250;

/** A premises of the register, found by name or initials; fits in forms. */
export function PremisesPick({
  value,
  onChange,
  id,
}: {
  value?: string;
  onChange?: (id: string) => void;
  id?: string;
}) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const settled = useDelayed(text.trim(), delayMs);
  const found = useQuery(premisesFoundQuery(settled));
  return (
    <Select<string>
      {...(id ? { id } : {})}
      {...(value ? { value } : {})}
      className="bk-wide"
      placeholder={t("recording.pickPremises")}
      onChange={(next) => onChange?.(next)}
      showSearch={{ filterOption: false, onSearch: setText }}
      loading={found.isFetching}
      options={(found.data ?? []).map(({ id: premises, name, region_name }) => ({
        value: premises,
        label: `${name} · ${region_name}`,
      }))}
      notFoundContent={<span role="status">{settled ? t("recording.pickNothing") : t("recording.pickPremises")}</span>}
    />
  );
}
