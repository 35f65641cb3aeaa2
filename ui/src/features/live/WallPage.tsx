import { FullscreenExitOutlined, FullscreenOutlined, RetweetOutlined } from "@ant-design/icons";
import { Button, Segmented } from "antd";
import { lazy, Suspense, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Camera } from "@/shared/api/cameras";
import { useKeys } from "@/shared/keyboard";
import { CameraPicker } from "./CameraPicker";
import type { TileActions } from "./LiveTile";
import { RotationBar } from "./RotationBar";
import type { Turn } from "./rotation";
import { useDragging } from "./useDragging";
import { useFullscreen } from "./useFullscreen";
import { useRotation } from "./useRotation";
import { useTurnCameras } from "./useTurnCameras";
import { type Beginning, useWall } from "./useWall";
import { WallTiles } from "./WallTiles";
import {
  type Layout,
  layoutOfKey,
  layouts,
  movedSelection,
  noPlace,
  type Wall,
  withDropped,
  withLayout,
  withPlaced,
  withRemoved,
} from "./wall";

const RotationDialog = lazy(async () => ({ default: (await import("./RotationDialog")).RotationDialog }));

type Replays = Readonly<Record<string, number>>;

/** The wall and what is done with it: which tile is meant, what is enlarged, replayed, heard, dragged, and who takes turns. */
export function WallPage(props: Beginning) {
  const { t } = useTranslation();
  const stage = useRef<HTMLElement>(null);
  const fullscreen = useFullscreen(stage);
  const state = useWallState(props);
  const { wall, turn, turning, selected } = state;
  const dragging = useDragging(wall, (carried, target) => {
    state.put(withDropped(wall, carried, target));
    if (target !== "outside") state.select(target);
  });
  const [isChoosing, setChoosing] = useState(false);
  useKeys((code, event) => {
    if (event.shiftKey && code === "KeyF") fullscreen.toggle();
    else if (event.shiftKey) return false;
    else return state.onKey(code);
    return true;
  });
  const start = (next: Turn) => {
    setChoosing(false);
    state.startTurn(next);
  };
  return (
    <div className="bk-live">
      <CameraPicker
        shown={wall.places}
        onPick={state.pick}
        onDragBegin={(event, camera) => dragging.begin(event, { kind: "camera", id: camera.id }, camera.name)}
      />
      <section className="bk-stage" ref={stage} aria-label={t("live.wall")}>
        <h1 className="bk-visually-hidden">{t("live.title")}</h1>
        <WallTiles
          {...state}
          cameras={state.cameras}
          isReading={props.isReading}
          isFullscreen={fullscreen.isOn}
          dragging={dragging}
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
                icon={<RetweetOutlined />}
                aria-pressed={turn !== undefined}
                onClick={() => setChoosing(true)}
              >
                {t("live.turn")}
              </Button>
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
                <span className="bk-stage-hint">{t("live.hint")}</span>
              )}
              <Button
                className="bk-stage-button"
                icon={fullscreen.isOn ? <FullscreenExitOutlined /> : <FullscreenOutlined />}
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
        {isChoosing && (
          <Suspense>
            <RotationDialog
              turn={turn}
              size={wall.layout}
              container={() => stage.current ?? document.body}
              onStart={start}
              onClose={() => setChoosing(false)}
            />
          </Suspense>
        )}
      </section>
      <span className="bk-visually-hidden" role="status">
        {selected === noPlace && turn ? t("live.turn") : ""}
      </span>
    </div>
  );
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
    else if (code.startsWith("Arrow") && large === noPlace) setSelected(movedSelection(selected, wall.layout, code));
    else if (code === "Enter" && selected !== noPlace) enlarge(selected);
    else if (code === "Escape") return stepUp();
    else if (code === "Space" && turn) toggleTurn();
    else if (code === "KeyS") selectedTile.current?.snapshot();
    else if (code === "KeyR") selectedTile.current?.back();
    else if (code === "KeyM") toggleSound(id);
    else return false;
    return true;
  };
  return {
    ...{ wall, turn, turning, found, cameras, selected, large, sounding, replays, isBusy, selectedTile },
    ...{ put, choose, pick, enlarge, toggleTurn, startTurn, toggleSound, replay, onKey },
    select: setSelected,
    remove: (place: number) => put(withRemoved(wall, place)),
    onPlaying: (camera: string, isPlaying: boolean) => playing.current.set(camera, isPlaying),
  };
}

export type WallState = ReturnType<typeof useWallState>;
