import { Tag } from "antd";
import { useTranslation } from "react-i18next";

/** The media node that an address names; "" = none that can be. */
export function nodeOf(query: URLSearchParams): string {
  const node = query.get("node") ?? "";
  return /^node-\d{1,3}$/.test(node) ? node : "";
}

/** Says that a list holds one node's rows only, and takes that back. */
export function NodeFilter({ node, onClear }: { node: string; onClear: () => void }) {
  const { t } = useTranslation();
  if (!node) return null;
  return (
    <Tag closable={{ "aria-label": t("nodes.clearFilter") }} onClose={onClear}>
      {t("nodes.filter", { node })}
    </Tag>
  );
}
