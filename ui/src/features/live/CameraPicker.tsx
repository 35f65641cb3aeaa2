import { CloseCircleFilled, SearchOutlined } from "@ant-design/icons";
import { Input } from "antd";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Camera } from "@/shared/api/cameras";
import { conditionOf } from "@/shared/camera/condition";
import { StateMark } from "@/shared/camera/StateMark";
import { useWords } from "@/shared/camera/useWords";
import { zoneBeside } from "@/shared/camera/zones";

interface Props {
  cameras: readonly Camera[];
  shown: readonly string[];
  onPick: (id: string) => void;
}

function ZoneBeside({ camera }: { camera: Camera }) {
  const words = useWords();
  return <span className="bk-small">{zoneBeside(camera.name, words.zone(camera.zone))}</span>;
}

/** Cameras by premises; one click puts one on the wall. */
export function CameraPicker({ cameras, shown, onPick }: Props) {
  const { t } = useTranslation();
  const words = useWords();
  const [text, setText] = useState("");
  const groups = useMemo(() => {
    const wanted = text.trim().toLocaleLowerCase();
    const found = cameras.filter((camera) =>
      `${camera.premises_name}\n${camera.name}\n${words.zone(camera.zone)}`.toLocaleLowerCase().includes(wanted),
    );
    const byPremises = new Map<string, Camera[]>();
    for (const camera of found)
      byPremises.set(camera.premises_name, [...(byPremises.get(camera.premises_name) ?? []), camera]);
    return [...byPremises];
  }, [cameras, text, words]);
  return (
    <aside className="bk-picker" aria-label={t("live.choose")}>
      <Input
        allowClear={{ clearIcon: <CloseCircleFilled aria-label={t("camera.clearSearch")} /> }}
        prefix={<SearchOutlined aria-hidden />}
        placeholder={t("common.search")}
        aria-label={t("camera.searchHint")}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <div className="bk-picker-list">
        {groups.length === 0 && <p className="bk-muted">{t("camera.emptySearch")}</p>}
        {groups.map(([premises, members]) => (
          <section key={premises}>
            <h2>
              <span>{premises}</span>
              <span className="bk-small">{t("common.count", { count: members.length })}</span>
            </h2>
            {members.map((camera) => (
              <button
                key={camera.id}
                type="button"
                className="bk-picker-entry"
                aria-pressed={shown.includes(camera.id)}
                onClick={() => onPick(camera.id)}
              >
                <span className="bk-picker-name">
                  {camera.name} <ZoneBeside camera={camera} />
                </span>
                <StateMark condition={conditionOf(camera)} />
              </button>
            ))}
          </section>
        ))}
      </div>
    </aside>
  );
}
