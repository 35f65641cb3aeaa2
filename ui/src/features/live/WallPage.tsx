import {
  AppstoreOutlined,
  FullscreenExitOutlined,
  FullscreenOutlined,
  QuestionCircleOutlined,
  RetweetOutlined,
} from "@ant-design/icons";
import { App, Button, Segmented } from "antd";
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Camera } from "@/shared/api/cameras";
import { fetchPremisesCameras } from "@/shared/api/cameraTree";
import { useProblemText } from "@/shared/api/ProblemText";
import { useAbilities } from "@/shared/api/session";
import { useKeys } from "@/shared/keyboard";
import { CameraPicker } from "./CameraPicker";
import type { TileActions } from "./LiveTile";
import { MarkPanel } from "./MarkPanel";
import { RotationBar } from "./RotationBar";
import type { Turn, TurnFilter } from "./rotation";
import { useDragging } from "./useDragging";
import { useFullscreen } from "./useFullscreen";
import { useMarking } from "./useMarking";
import { useRotation } from "./useRotation";
import { useTurnCameras } from "./useTurnCameras";
import { type Beginning, useWall } from "./useWall";
import { WallActions } from "./WallActions";
import { WallTiles } from "./WallTiles";
import {
  type Layout,
  layoutOfKey,
  layouts,
  movedSelection,
  noPlace,
  type Wall,
  withAllPlaced,
  withDropped,
  withLayout,
  withPlaced,
  withRemoved,
} from "./wall";

const RotationDialog = lazy(async () => ({ default: (await import("./RotationDialog")).RotationDialog }));

const KeyHelp = lazy(async () => ({ default: (await import("./KeyHelp")).KeyHelp }));

const SavedWalls = lazy(async () => ({ default: (await import("./SavedWalls")).SavedWalls }));

type Replays = Readonly<Record<string, number>>;

/** The wall and what is done with it: which tile is meant, what is enlarged, replayed, heard, dragged, and who takes turns. */
export function WallPage(props: Beginning) {
  const { t } = useTranslation();
  const stage = useRef<HTMLElement>(null);
  const fullscreen = useFullscreen(stage);
  const state = useWallState(props);
  const { wall, turn, turning, selected } = state;
  const hangPremises = useHangPremises(state);
  const [choosing, setChoosing] = useState<Choosing>();
  const keepsWalls = useAbilities().includes("wall.view");
  const chooseBranch = (by: "region" | "category", id: string) =>
    setChoosing({ kind: "turn", filter: { region: "", category: "", grade: "", mustZones: false, [by]: id } });
  const dragging = useDragging(wall, (carried, target) => {
    if (carried.kind === "branch") chooseBranch(carried.by, carried.id);
    else if (carried.kind !== "premises") state.drop(carried.id, target);
    else if (target !== "outside") void hangPremises(carried.id, target);
  });
  useKeys((code, event) => {
    if (code === "Slash" || event.key === "?") setChoosing({ kind: "keys" });
    else if (event.shiftKey && code === "KeyF") fullscreen.toggle();
    else if (event.shiftKey && code === "KeyB") state.selectedTile.current?.mark(true);
    else if (event.shiftKey) return false;
    else return state.onKey(code);
    return true;
  });
  useSelectedFocus(stage, selected, state.byKeys);
  const start = (next: Turn) => {
    setChoosing(undefined);
    state.startTurn(next);
  };
  const container = () => stage.current ?? document.body;
  const asked: Turn | undefined =
    choosing?.kind === "turn" && choosing.filter ? { dwellS: turn?.dwellS ?? 15, filter: choosing.filter } : turn;
  return (
    <div className="bk-live">
      <CameraPicker
        shown={wall.places}
        onPick={state.pick}
        onDragBegin={dragging.begin}
        onPremises={(id) => void hangPremises(id, Math.max(0, selected))}
        onBranch={chooseBranch}
      />
      <section className="bk-stage" ref={stage} aria-label={t("live.wall")}>
        <h1 className="bk-visually-hidden">{t("live.title")}</h1>
        <WallTiles
          {...state}
          cameras={state.cameras}
          isReading={props.isReading}
          isFullscreen={fullscreen.isOn}
          dragging={dragging}
          onMark={state.marking.mark}
          foot={
            <>
              <Segmented<Layout>
                className="bk-stage-segmented"
                aria-label={t("live.layout")}
                value={wall.layout}
                options={layouts.map((count) => ({
                  value: count,
                  label: String(count),
                  title: t("live.layoutOf", { count }),
                }))}
                onChange={state.choose}
              />
              <Button
                className="bk-stage-button bk-turn-button"
                icon={<RetweetOutlined aria-hidden />}
                aria-pressed={turn !== undefined}
                onClick={() => setChoosing({ kind: "turn" })}
              >
                {t("live.turn")}
              </Button>
              {keepsWalls && (
                <Button
                  className="bk-stage-button bk-turn-button"
                  icon={<AppstoreOutlined aria-hidden />}
                  onClick={() => setChoosing({ kind: "walls" })}
                >
                  {t("live.walls")}
                </Button>
              )}
              {turn ? (
                <RotationBar
                  turn={turn}
                  turning={turning}
                  found={state.found}
                  isBusy={state.isBusy}
                  onToggle={state.toggleTurn}
                  onStop={() => state.put(wall)}
                />
              ) : (
                <WallActions tile={state.selectedTile} camera={state.selectedCamera} hasSound={state.hasSound} />
              )}
              {state.marking.marked && (
                <MarkPanel
                  key={state.marking.marked.atMs}
                  marked={state.marking.marked}
                  onClose={state.marking.close}
                />
              )}
              <Button
                className="bk-stage-button"
                icon={<QuestionCircleOutlined aria-hidden />}
                aria-label={`${t("live.keys")} ?`}
                title={`${t("live.keys")} ?`}
                onClick={() => setChoosing({ kind: "keys" })}
              />
              <Button
                className="bk-stage-button"
                icon={fullscreen.isOn ? <FullscreenExitOutlined aria-hidden /> : <FullscreenOutlined aria-hidden />}
                onClick={fullscreen.toggle}
              >
                {fullscreen.isOn ? t("live.exitFullscreen") : t("live.fullscreen")}
              </Button>
            </>
          }
        />
        {dragging.label !== undefined && (
          <div className="bk-ghost" ref={dragging.ghost} aria-hidden>
            {dragging.label}
            {dragging.over && <span>{t(`live.drop.${dragging.over.drop}`)}</span>}
          </div>
        )}
        {choosing && (
          <Suspense>
            {choosing.kind === "keys" ? (
              <KeyHelp container={container} onClose={() => setChoosing(undefined)} />
            ) : choosing.kind === "turn" ? (
              <RotationDialog
                turn={asked}
                size={wall.layout}
                container={container}
                onStart={start}
                onClose={() => setChoosing(undefined)}
              />
            ) : (
              <SavedWalls
                wall={state.hung}
                turn={turn}
                container={container}
                onOpen={(next, nextTurn) => {
                  setChoosing(undefined);
                  state.open(next, nextTurn);
                }}
                onClose={() => setChoosing(undefined)}
              />
            )}
          </Suspense>
        )}
      </section>
    </div>
  );
}

/** Whoever goes to a tile by the arrows is there with the focus, too: Tab then goes through what can be done with it. */
function useSelectedFocus(
  stage: React.RefObject<HTMLElement | null>,
  selected: number,
  byKeys: React.RefObject<boolean>,
) {
  useEffect(() => {
    if (!byKeys.current) return;
    byKeys.current = false;
    stage.current?.querySelector<HTMLElement>(`[data-place="${selected}"]`)?.focus();
  }, [stage, selected, byKeys]);
}

type Choosing = { kind: "walls" } | { kind: "keys" } | { kind: "turn"; filter?: TurnFilter };

/** Hangs the cameras of a premises on the wall, from a place on. */
function useHangPremises({ hangAll }: WallState) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useProblemText();
  return async (premises: string, place: number) => {
    try {
      const cameras = (await fetchPremisesCameras(premises)).filter(({ abilities }) =>
        abilities.includes("camera.live"),
      );
      if (cameras.length === 0) message.info(t("live.noneOfPremises"));
      else hangAll(cameras, place);
    } catch (error) {
      message.error(say(error));
    }
  };
}

function useWallState(props: Beginning) {
  const { wall: hung, turn, put: write } = useWall(props);
  const found = useTurnCameras(turn?.filter);
  const [selected, setSelected] = useState(turn ? noPlace : 0);
  const [enlarged, setEnlarged] = useState("");
  const [sounding, setSounding] = useState("");
  const [replays, setReplays] = useState<Replays>({});
  const playing = useRef(new Map<string, boolean>());
  const selectedTile = useRef<TileActions>(null);
  const byKeys = useRef(false);
  const marking = useMarking();
  const isBusy = turn !== undefined && (selected !== noPlace || enlarged !== "" || Object.keys(replays).length > 0);
  const ids = useMemo(() => found.cameras.map(({ id }) => id), [found.cameras]);
  const turning = useRotation(
    turn && !found.isReading ? ids : undefined,
    hung.layout,
    turn?.dwellS ?? 0,
    isBusy,
    (id) => playing.current.get(id) ?? false,
  );
  const { rotation } = turning;
  const wall: Wall = useMemo(
    () =>
      rotation ? { ...hung, places: Array.from({ length: hung.layout }, (_, at) => rotation.places[at] ?? "") } : hung,
    [rotation, hung],
  );
  const cameras: readonly Camera[] = useMemo(
    () => (turn ? [...props.cameras, ...found.cameras] : props.cameras),
    [turn, props.cameras, found.cameras],
  );
  const large = enlarged !== "" && wall.layout > 1 ? wall.places.indexOf(enlarged) : noPlace;

  /** What is hung by hand ends the rotation: it would be gone at the next turn. */
  const put = (next: Wall) => {
    write(next);
    setReplays((old) => Object.fromEntries(Object.entries(old).filter(([id]) => next.places.includes(id))));
  };
  const choose = (layout: Layout) => {
    setEnlarged("");
    write(withLayout(hung, layout, selected), turn);
    setSelected(Math.min(selected, layout - 1));
  };
  const pick = (id: string) => {
    const place = selected === noPlace ? Math.max(0, wall.places.indexOf("")) : selected;
    const next = withPlaced(wall, place, id);
    put(next);
    if (large !== noPlace) {
      setEnlarged(id);
      setSelected(next.places.indexOf(id));
      return;
    }
    const empty = next.places.indexOf("");
    setSelected(empty >= 0 ? empty : place);
  };
  const enlarge = (place: number) => {
    const id = wall.places[place] ?? "";
    setEnlarged((old) => (old === id ? "" : id));
    if (id !== "") setSelected(place);
  };
  const unselect = () => {
    setEnlarged("");
    setReplays({});
    setSelected(noPlace);
  };
  const toggleTurn = () => {
    if (isBusy) {
      unselect();
      turning.setPausedByHand(false);
    } else turning.setPausedByHand(!turning.isPausedByHand);
  };
  const startTurn = (next: Turn) => {
    unselect();
    turning.setPausedByHand(false);
    write(hung, next);
  };
  const open = (next: Wall, nextTurn: Turn | undefined) => {
    unselect();
    turning.setPausedByHand(false);
    if (!nextTurn) setSelected(0);
    write(next, nextTurn);
  };
  const drop = (camera: string, target: number | "outside") => {
    put(withDropped(wall, camera, target));
    if (target !== "outside") setSelected(target);
  };
  const hangAll = (found: readonly Camera[], place: number) => {
    setEnlarged("");
    put(
      withAllPlaced(
        wall,
        place,
        found.map(({ id: each }) => each),
      ),
    );
    setSelected(place);
  };
  const toggleSound = (id: string) => setSounding((old) => (old === id ? "" : id));
  const replay = (id: string, fromMs: number | undefined) =>
    setReplays(({ [id]: _, ...others }) => (fromMs === undefined ? others : { ...others, [id]: fromMs }));
  const id = wall.places[selected] ?? "";
  /** Esc takes back the last of what was done: the replay, the enlargement, the selection. */
  const stepUp = () => {
    if (id in replays) replay(id, undefined);
    else if (large !== noPlace) setEnlarged("");
    else if (turn && selected !== noPlace) setSelected(noPlace);
    else return false;
    return true;
  };
  const onKey = (code: string) => {
    const layout = layoutOfKey(code);
    if (layout) choose(layout);
    else if (code.startsWith("Arrow") && large === noPlace) {
      byKeys.current = true;
      setSelected(movedSelection(selected, wall.layout, code));
    } else if (code === "Enter" && selected !== noPlace) enlarge(selected);
    else if (code === "Escape") return stepUp();
    else if (code === "Space" && turn) toggleTurn();
    else if (code === "KeyS") selectedTile.current?.snapshot();
    else if (code === "KeyR") selectedTile.current?.back();
    else if (code === "KeyB") selectedTile.current?.mark(false);
    else if (code === "KeyM" && id) toggleSound(id);
    else return false;
    return true;
  };
  const selectedCamera = cameras.find((camera) => camera.id === id);
  return {
    ...{ byKeys, marking, selectedCamera, hasSound: id !== "" && sounding === id },
    ...{ hung, wall, turn, turning, found, cameras, selected, large, sounding, replays, isBusy, selectedTile },
    ...{ put, open, drop, hangAll, choose, pick, enlarge, toggleTurn, startTurn, toggleSound, replay, onKey },
    select: setSelected,
    remove: (place: number) => put(withRemoved(wall, place)),
    onPlaying: (camera: string, isPlaying: boolean) => playing.current.set(camera, isPlaying),
  };
}

export type WallState = ReturnType<typeof useWallState>;
