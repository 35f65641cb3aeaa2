import { useQuery } from "@tanstack/react-query";
import { App, Button, Checkbox, Input, Modal, Popconfirm, Tag } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ProblemPanel, useProblemText } from "@/shared/api/ProblemText";
import { useAbilities } from "@/shared/api/session";
import {
  type SavedWall,
  type SavedWallIn,
  useAddWall,
  useChangeWall,
  useDeleteWall,
  wallsQuery,
} from "@/shared/api/walls";
import type { Turn } from "./rotation";
import type { Layout, Wall } from "./wall";

interface Props {
  wall: Wall;
  turn: Turn | undefined;
  container: () => HTMLElement;
  onOpen: (wall: Wall, turn: Turn | undefined) => void;
  onClose: () => void;
}

/** Saved walls (画面集): open one, or keep the wall that hangs now. */
export function SavedWalls({ wall, turn, container, onOpen, onClose }: Props) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const saved = useQuery(wallsQuery);
  const mayKeep = useAbilities().includes("wall.manage");
  const open = (each: SavedWall) => {
    onOpen(wallOf(each), turnOf(each));
    if (each.left_out > 0) message.info(t("live.wallLeftOut", { name: each.name, count: each.left_out }));
  };
  return (
    <Modal open title={t("live.walls")} getContainer={container} footer={null} onCancel={onClose} width={560}>
      {saved.isError && <ProblemPanel error={saved.error} onRetry={() => void saved.refetch()} />}
      {saved.data?.length === 0 && <p className="bk-muted">{t("live.noWalls")}</p>}
      <ul className="bk-walls" aria-busy={saved.isPending}>
        {saved.data?.map((each) => (
          <SavedWallRow key={each.id} saved={each} now={keptOf(wall, turn)} onOpen={() => open(each)} />
        ))}
      </ul>
      {mayKeep && <KeepWall now={keptOf(wall, turn)} />}
    </Modal>
  );
}

interface RowProps {
  saved: SavedWall;
  now: Kept;
  onOpen: () => void;
}

function SavedWallRow({ saved, now, onOpen }: RowProps) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useProblemText();
  const change = useChangeWall();
  const remove = useDeleteWall();
  const mayChange = saved.abilities.includes("wall.manage");
  const onError = (error: unknown) => message.error(say(error));
  return (
    <li className="bk-walls-row">
      <Button type="link" className="bk-walls-open" onClick={onOpen} title={saved.name}>
        {saved.name}
      </Button>
      <span className="bk-walls-facts">
        <span>{t("live.layoutOf", { count: saved.layout })}</span>
        {saved.rotation && <span>{t("live.turn")}</span>}
        {saved.is_shared && <Tag>{saved.is_own ? t("live.wallShared") : saved.owner_name}</Tag>}
      </span>
      {mayChange && (
        <span className="bk-walls-tools">
          <Popconfirm
            title={t("live.wallReplaceAsk", { name: saved.name })}
            okText={t("live.wallReplace")}
            cancelText={t("common.cancel")}
            onConfirm={() =>
              change.mutate(
                { wall: saved, patch: now },
                { onSuccess: () => message.success(t("live.wallKept", { name: saved.name })), onError },
              )
            }
          >
            <Button size="small" loading={change.isPending}>
              {t("live.wallReplace")}
            </Button>
          </Popconfirm>
          <Popconfirm
            title={t("live.wallDeleteAsk", { name: saved.name })}
            okText={t("live.wallDelete")}
            cancelText={t("common.cancel")}
            onConfirm={() => remove.mutate(saved, { onError })}
          >
            <Button size="small" loading={remove.isPending}>
              {t("live.wallDelete")}
            </Button>
          </Popconfirm>
        </span>
      )}
    </li>
  );
}

function KeepWall({ now }: { now: Kept }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useProblemText();
  const add = useAddWall();
  const [name, setName] = useState("");
  const [isShared, setShared] = useState(false);
  const keep = () =>
    add.mutate(
      { name: name.trim(), is_shared: isShared, ...now },
      {
        onSuccess: () => {
          message.success(t("live.wallKept", { name: name.trim() }));
          setName("");
        },
        onError: (error) => message.error(say(error)),
      },
    );
  return (
    <form
      className="bk-walls-keep"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim()) keep();
      }}
    >
      <Input
        aria-label={t("live.wallName")}
        placeholder={t("live.wallName")}
        maxLength={100}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <Checkbox checked={isShared} onChange={({ target }) => setShared(target.checked)}>
        {t("live.wallShare")}
      </Checkbox>
      <Button type="primary" htmlType="submit" disabled={name.trim() === ""} loading={add.isPending}>
        {t("live.wallKeep")}
      </Button>
    </form>
  );
}

type Kept = Required<Pick<SavedWallIn, "layout" | "places" | "rotation">>;
type Risk = SavedWall["rotation"] extends infer R ? (R extends { risk: infer Each } ? Each : never) : never;

function keptOf({ layout, places }: Wall, turn: Turn | undefined): Kept {
  return { layout, places: [...places], rotation: turn ? rotationOf(turn) : null };
}

function rotationOf({ dwellS, filter }: Turn): NonNullable<Kept["rotation"]> {
  return {
    region: filter.region,
    category: filter.category,
    risk: filter.grade as Risk,
    must_zones_only: filter.mustZones,
    dwell_s: dwellS,
  };
}

/** As it is hung: as many places as the layout has. */
export function wallOf({ layout, places }: Pick<SavedWall, "layout" | "places">): Wall {
  return { layout: layout as Layout, places: Array.from({ length: layout }, (_, at) => places[at] ?? "") };
}

export function turnOf({ rotation }: Pick<SavedWall, "rotation">): Turn | undefined {
  if (!rotation) return undefined;
  const { region, category, risk, must_zones_only, dwell_s } = rotation;
  return { dwellS: dwell_s, filter: { region, category, grade: risk, mustZones: must_zones_only } };
}
