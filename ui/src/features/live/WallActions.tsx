import { CameraOutlined, FlagOutlined, MutedOutlined, RollbackOutlined, SoundOutlined } from "@ant-design/icons";
import { Button } from "antd";
import type { ReactNode, RefObject } from "react";
import { useTranslation } from "react-i18next";
import type { Camera } from "@/shared/api/cameras";
import { useAbilities } from "@/shared/api/session";
import { isWideQuery, useMedia } from "@/shared/useMedia";
import type { TileActions } from "./LiveTile";
import { mayMark } from "./mayMark";

interface Props {
  tile: RefObject<TileActions | null>;
  /** Of the selected tile; undefined: nothing hangs there. */
  camera: Camera | undefined;
  hasSound: boolean;
}

/** What can be done with the selected picture, each with its key; where there is no room for it, how the wall is worked. */
export function WallActions({ tile, camera, hasSound }: Props) {
  const { t } = useTranslation();
  const abilities = useAbilities();
  const isWide = useMedia(isWideQuery);
  if (!isWide || !camera)
    return (
      <span className="bk-stage-hint bk-two-lines" title={t("live.hint")}>
        {t("live.hint")}
      </span>
    );
  const can = (ability: string) => camera.abilities.includes(ability);
  const actions: [boolean, string, string, ReactNode, () => void][] = [
    [can("camera.play"), "live.back30", "R", <RollbackOutlined key="r" aria-hidden />, () => tile.current?.back()],
    [
      can("camera.snapshot"),
      "live.snapshot",
      "S",
      <CameraOutlined key="s" aria-hidden />,
      () => tile.current?.snapshot(),
    ],
    [
      mayMark(camera, abilities),
      "live.mark",
      "B",
      <FlagOutlined key="b" aria-hidden />,
      () => tile.current?.mark(false),
    ],
    [
      true,
      hasSound ? "live.soundOff" : "live.soundOn",
      "M",
      hasSound ? <SoundOutlined key="m" aria-hidden /> : <MutedOutlined key="m" aria-hidden />,
      () => tile.current?.sound(),
    ],
  ];
  return (
    <span className="bk-wall-actions">
      {actions.map(
        ([isOfUse, word, key, icon, run]) =>
          isOfUse && (
            <Button key={key} className="bk-stage-button" icon={icon} onClick={run}>
              {t(word)} <kbd>{key}</kbd>
            </Button>
          ),
      )}
    </span>
  );
}
