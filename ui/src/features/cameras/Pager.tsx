import { LeftOutlined, RightOutlined } from "@ant-design/icons";
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { Button } from "antd";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type CameraPage, pageSize } from "@/shared/api/cameras";

type List = Pick<
  UseInfiniteQueryResult<InfiniteData<CameraPage>>,
  "data" | "hasNextPage" | "isFetchingNextPage" | "fetchNextPage"
>;

/** One page of the rows at a time; another question begins at its first. Each page read stays, so that going back is at once. */
export function usePager(list: List, question: string) {
  const [at, setAt] = useState({ question, index: 0 });
  const top = useRef<HTMLDivElement>(null);
  const pages = list.data?.pages;
  const last = Math.max(0, (pages?.length ?? 1) - 1);
  const index = at.question === question ? Math.min(at.index, last) : 0;
  const show = (next: number) => {
    setAt({ question, index: next });
    top.current?.scrollIntoView?.({ block: "start" });
  };
  const forward = async () => {
    if (index === last && (await list.fetchNextPage()).isError) return;
    show(index + 1);
  };
  return {
    top,
    index,
    shown: pages?.[index]?.items,
    isFetching: list.isFetchingNextPage,
    hasNext: index < last || list.hasNextPage,
    forward: () => void forward(),
    back: () => show(index - 1),
  };
}

export function Pager({ pager, total }: { pager: ReturnType<typeof usePager>; total: number }) {
  const { t } = useTranslation();
  const from = pager.index * pageSize + 1;
  return (
    <nav className="bk-pager" aria-label={t("camera.pages")}>
      <Button icon={<LeftOutlined aria-hidden />} disabled={pager.index === 0} onClick={pager.back}>
        {t("camera.pageBack")}
      </Button>
      <span role="status">{t("camera.range", { from, to: from - 1 + (pager.shown?.length ?? 0), count: total })}</span>
      <Button
        icon={<RightOutlined aria-hidden />}
        iconPlacement="end"
        disabled={!pager.hasNext}
        loading={pager.isFetching}
        onClick={pager.forward}
      >
        {t("camera.pageOn")}
      </Button>
    </nav>
  );
}
