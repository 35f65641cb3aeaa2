import { PlayCircleOutlined, RetweetOutlined } from "@ant-design/icons";
import { useQueries, useQuery } from "@tanstack/react-query";
import { Button, Tree } from "antd";
import { type PointerEvent, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Camera } from "@/shared/api/cameras";
import {
  type Branch,
  type BranchesBy,
  branchCamerasQuery,
  type Narrowed,
  treeLevelQuery,
} from "@/shared/api/cameraTree";
import { conditionOf } from "@/shared/camera/condition";
import { StateMark } from "@/shared/camera/StateMark";
import { useWords } from "@/shared/camera/useWords";
import { zoneBeside } from "@/shared/camera/zones";
import { emptyWord, type PickerProps } from "./picking";
import { Star } from "./Star";

interface Props extends PickerProps {
  by: BranchesBy;
  narrowed: Narrowed;
}

/** A row of the tree. Its key says what is below it: "region:210302", "premises:prm_…", "camera:cam_…". */
interface Row {
  key: string;
  branch?: Branch;
  camera?: Camera;
  isLeaf: boolean;
  children?: Row[];
}

/** The cameras in reach as branches with counts; each level is read when it is opened, and only what is seen is drawn. */
export function CameraTree(props: Props) {
  const { t } = useTranslation();
  const [open, setOpen] = useState<string[]>([]);
  const { rows, isFailing, retry } = useRows(props.by, props.narrowed, open);
  const box = useRef<HTMLDivElement>(null);
  const height = useHeight(box);
  const toggle = (key: string) =>
    setOpen((old) => (old.includes(key) ? old.filter((each) => each !== key) : [...old, key]));
  return (
    <>
      {isFailing && (
        <p className="bk-warning-text">
          {t("camera.readFailed")} <Button onClick={retry}>{t("common.retry")}</Button>
        </p>
      )}
      <div className="bk-picker-list bk-tree" ref={box} aria-busy={rows === undefined}>
        {rows?.length === 0 && <p className="bk-muted">{t(emptyWord(props.narrowed))}</p>}
        <Tree<Row>
          virtual
          blockNode
          height={height}
          itemHeight={34}
          motion={null}
          aria-label={t("live.choose")}
          treeData={rows ?? []}
          expandedKeys={open}
          selectedKeys={props.shown.map((id) => `camera:${id}`)}
          multiple
          onExpand={(keys) => setOpen(keys.map(String))}
          onSelect={(_, { node }) => (node.camera ? props.onPick(node.camera.id) : toggle(node.key))}
          titleRender={(row) => <TreeRow row={row} {...props} />}
        />
      </div>
    </>
  );
}

/** What is open, as far as it is read. */
function useRows(by: BranchesBy, narrowed: Narrowed, open: readonly string[]) {
  const asked = {
    ...(narrowed.isAbnormal ? { state: "abnormal" as const } : {}),
    ...(narrowed.isOpen ? { open: true as const } : {}),
  };
  const top = useQuery(treeLevelQuery({ by, ...asked }));
  const branches = open.map((key) => key.split(":") as [Branch["kind"], string]);
  const levels = useQueries({
    queries: branches.map(([kind, id]) => ({
      ...treeLevelQuery({
        by: kind === "category" ? "category" : "region",
        ...(kind === "region" ? { region: id } : { category: id }),
        ...asked,
      }),
      enabled: kind === "region" || kind === "category",
    })),
  });
  const leaves = useQueries({
    queries: branches.map(([kind, id]) => ({
      ...branchCamerasQuery(kind === "unplaced" ? "" : id, narrowed),
      enabled: kind === "premises" || kind === "unplaced",
    })),
  });
  const below = new Map<string, Row[]>();
  open.forEach((key, at) => {
    const cameras = leaves[at]?.data?.filter(mayWatch).map(rowOfCamera);
    const found = cameras ?? levels[at]?.data?.map(rowOfBranch);
    if (found) below.set(key, found);
  });
  const filled = (row: Row): Row => {
    const children = below.get(row.key);
    return children ? { ...row, children: children.map(filled) } : row;
  };
  const questions = [top, ...levels, ...leaves];
  return {
    rows: top.data?.map(rowOfBranch).map(filled),
    isFailing: questions.some((query) => query.isError && query.data === undefined),
    retry: () => {
      for (const query of questions) if (query.isError) void query.refetch();
    },
  };
}

function mayWatch(camera: Camera): boolean {
  return camera.abilities.includes("camera.live");
}

function rowOfBranch(branch: Branch): Row {
  return { key: `${branch.kind}:${branch.id}`, branch, isLeaf: false };
}

function rowOfCamera(camera: Camera): Row {
  return { key: `camera:${camera.id}`, camera, isLeaf: true };
}

function TreeRow({ row, ...props }: Props & { row: Row }) {
  if (row.camera) return <CameraRow camera={row.camera} {...props} />;
  return row.branch ? <BranchRow branch={row.branch} {...props} /> : null;
}

function CameraRow({ camera, onDragBegin }: Props & { camera: Camera }) {
  const words = useWords();
  const grab = (event: PointerEvent) => onDragBegin(event, { kind: "camera", id: camera.id }, camera.name);
  return (
    <span className="bk-tree-row" onPointerDown={grab}>
      <span className="bk-tree-name" title={camera.name}>
        {camera.name} <span className="bk-small">{zoneBeside(camera.name, words.zone(camera.zone))}</span>
      </span>
      <StateMark condition={conditionOf(camera)} />
      <Star id={camera.id} name={camera.name} />
    </span>
  );
}

type BranchProps = Pick<PickerProps, "onDragBegin" | "onPremises" | "onBranch"> & { branch: Branch };

export function BranchRow({ branch, onDragBegin, onPremises, onBranch }: BranchProps) {
  const { t } = useTranslation();
  const name = branch.kind === "unplaced" ? t("live.unplaced") : branch.name;
  const { cameras, online } = branch.counts;
  const by = branch.kind === "region" || branch.kind === "category" ? branch.kind : undefined;
  const carried =
    branch.kind === "premises"
      ? ({ kind: "premises", id: branch.id } as const)
      : by && ({ kind: "branch", by, id: branch.id } as const);
  const act = () => (by ? onBranch(by, branch.id) : onPremises(branch.id));
  const label = by ? t("live.turn") : t("live.putPremises");
  return (
    <span className="bk-tree-row" onPointerDown={(event) => carried && onDragBegin(event, carried, name)}>
      <span className="bk-tree-name" title={name}>
        {name}
      </span>
      {carried && (
        <button
          type="button"
          className="bk-tree-act"
          aria-label={`${label} ${name}`}
          title={label}
          onClick={(event) => {
            event.stopPropagation();
            act();
          }}
          onKeyDown={(event) => event.stopPropagation()}
        >
          {by ? <RetweetOutlined /> : <PlayCircleOutlined />}
        </button>
      )}
      <span className="bk-small" title={t("live.branchCounts", { online, count: cameras })}>
        {online}/{cameras}
      </span>
      {branch.kind === "premises" && <Star id={branch.id} name={name} />}
    </span>
  );
}

const usualHeight = 600;

/** Of a box in px, as it changes. */
function useHeight(box: React.RefObject<HTMLElement | null>): number {
  const [height, setHeight] = useState(usualHeight);
  const observer = useMemo(
    () =>
      new ResizeObserver((entries) => {
        const seen = entries.at(-1)?.contentRect.height ?? 0;
        if (seen > 0) setHeight(Math.floor(seen));
      }),
    [],
  );
  useEffect(() => {
    if (box.current) observer.observe(box.current);
    return () => observer.disconnect();
  }, [box, observer]);
  return height;
}
