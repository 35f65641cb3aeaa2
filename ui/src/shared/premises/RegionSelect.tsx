import { useQuery } from "@tanstack/react-query";
import { TreeSelect } from "antd";
import { useMemo } from "react";
import { regionsQuery, regionTree } from "@/shared/api/regions";

interface Props {
  value?: string | undefined;
  onChange?: (code: string | undefined) => void;
  placeholder?: string;
  allowClear?: boolean;
  className?: string;
  id?: string;
  label?: string;
}

/** A county or one of its townships. */
export function RegionSelect({ label, ...props }: Props) {
  const regions = useQuery(regionsQuery);
  const tree = useMemo(() => regionTree(regions.data ?? []), [regions.data]);
  return (
    <TreeSelect<string | undefined>
      {...props}
      {...(label ? { "aria-label": label } : {})}
      treeData={tree}
      treeNodeLabelProp="full"
      showSearch={{ treeNodeFilterProp: "full" }}
      loading={regions.isPending}
      treeExpandAction="click"
      popupMatchSelectWidth={false}
      listHeight={360}
    />
  );
}
