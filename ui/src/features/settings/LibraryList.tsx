import { useQuery } from "@tanstack/react-query";
import { Table, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import { type Library, pageLibrariesQuery } from "@/shared/api/settings";

interface Row extends Library {
  side: "server" | "page";
}

/** What server and page are built on, with the licences. */
export function LibraryList({ server }: { server: readonly Library[] }) {
  const { t } = useTranslation();
  const page = useQuery(pageLibrariesQuery).data ?? [];
  const rows: Row[] = [
    ...server.map((each) => ({ ...each, side: "server" as const })),
    ...page.map((each) => ({ ...each, side: "page" as const })),
  ];
  const columns: TableColumnsType<Row> = [
    { key: "name", title: t("settings.library.name"), dataIndex: "name" },
    { key: "version", title: t("settings.about.version"), dataIndex: "version", width: 130 },
    { key: "licence", title: t("settings.about.licence"), render: (_, { licence }) => licence || "—" },
    {
      key: "side",
      title: t("settings.library.side"),
      width: 100,
      render: (_, { side }) => t(`settings.library.side.${side}`),
    },
  ];
  return (
    <Table<Row>
      rowKey={({ side, name }) => `${side} ${name}`}
      size="small"
      columns={columns}
      dataSource={rows}
      pagination={false}
      scroll={{ x: 560 }}
    />
  );
}
