import { FullscreenExitOutlined, FullscreenOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Segmented, Skeleton } from "antd";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { type Camera, camerasByIdQuery, camerasQuery } from "@/shared/api/cameras";
import { ProblemPanel } from "@/shared/api/ProblemText";
import { conditionOf } from "@/shared/camera/condition";
import { firstAsked } from "@/shared/camera/useCameraSearch";
import { useKeys } from "@/shared/keyboard";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { AbsentTile } from "./AbsentTile";
import { CameraPicker } from "./CameraPicker";
import { LiveTile, type TileActions } from "./LiveTile";
import {
  filled,
  type Layout,
  layouts,
  movedSelection,
  readWall,
  type Wall,
  withLayout,
  withPlaced,
  withRemoved,
  writeWall,
} from "./wall";

export function LivePage() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [query] = useSearchParams();
  const isPhone = useMedia(isPhoneQuery);
  const last = lastWall(isPhone);
  const ids = query.has("c") ? readWall(query).places : last.places;
  const first = useQuery(camerasQuery(firstAsked));
  const hung = useQuery(camerasByIdQuery(queries, ids));
  const failed = [first, hung].find((each) => each.isError && each.data === undefined);
  if (failed)
    return (
      <div className="bk-page">
        <h1>{t("live.title")}</h1>
        <ProblemPanel error={failed.error} title={t("camera.readFailed")} onRetry={() => void failed.refetch()} />
      </div>
    );
  // A wall that changes keeps standing while what is new on it is read.
  if (!first.data || (hung.isPlaceholderData && hung.isFetching && hung.data?.items.length === 0))
    return (
      <div className="bk-page" aria-busy>
        <Skeleton active={false} />
      </div>
    );
  const watchable = first.data.items.filter(mayWatch);
  const onWall = (hung.data?.items ?? []).filter(mayWatch);
  if (watchable.length === 0 && onWall.length === 0 && !first.data.hasMore)
    return (
      <div className="bk-page">
        <h1>{t("live.title")}</h1>
        <div className="bk-panel">
          <h2 className="bk-panel-title">{t("live.emptyTitle")}</h2>
          <p>{t("live.emptyText")}</p>
          <Link to="/devices">{t("live.goDevices")}</Link>
        </div>
      </div>
    );
  return <WallPage first={watchable} cameras={onWall} last={last} isReading={hung.isPlaceholderData} />;
}

function mayWatch(camera: Camera): boolean {
  return camera.abilities.includes("camera.live");
}

const lastWallKey = "bk.wall";

function lastWall(isPhone: boolean): Wall {
  return readWall(new URLSearchParams(localStorage.getItem(lastWallKey) ?? (isPhone ? "wall=1" : "")));
}

/** The wall of the address, else the last one, else the first cameras. */
function useWall({ first, cameras, last, isReading }: WallPageProps) {
  const [query, setQuery] = useSearchParams();
  const put = useCallback(
    (next: Wall) => {
      const written = writeWall(next);
      localStorage.setItem(lastWallKey, written.toString());
      setQuery(written, { replace: true });
    },
    [setQuery],
  );
  const hasAddress = query.has("c");
  useEffect(() => {
    if (hasAddress || (isReading && last.places.some(Boolean))) return;
    const known = new Set(cameras.map((camera) => camera.id));
    const places = last.places.map((id) => (known.has(id) ? id : ""));
    const firstIds = first.map((camera) => camera.id);
    put(places.some(Boolean) ? { ...last, places } : filled(last, firstIds));
  }, [hasAddress, first, cameras, last, isReading, put]);
  const wall = useMemo(() => readWall(query), [query]);
  return [wall, put] as const;
}

interface WallPageProps {
  /** What the wall begins with. */
  first: readonly Camera[];
  /** What hangs on it, as far as it may be watched. */
  cameras: readonly Camera[];
  /** What hung on it last. */
  last: Wall;
  /** More of what hangs on it is still being read. */
  isReading: boolean;
}

function WallPage(props: WallPageProps) {
  const { t } = useTranslation();
  const { cameras, isReading } = props;
  const [wall, putWall] = useWall(props);
  const [selected, setSelected] = useState(0);
  const [sounding, setSounding] = useState("");
  const stage = useRef<HTMLDivElement>(null);
  const selectedTile = useRef<TileActions>(null);
  const before = useRef<Wall | undefined>(undefined);
  const fullscreen = useFullscreen(stage);
  const choose = (layout: Layout) => {
    putWall(withLayout(wall, layout, selected));
    setSelected(Math.min(selected, layout - 1));
  };
  const pick = (id: string) => {
    const next = withPlaced(wall, selected, id);
    putWall(next);
    const empty = next.places.indexOf("");
    if (empty >= 0) setSelected(empty);
  };
  const enlarge = (index: number) => {
    const id = wall.places[index];
    if (wall.layout > 1 && id) {
      before.current = wall;
      putWall({ layout: 1, places: [id] });
      setSelected(0);
    } else if (wall.layout === 1 && before.current) {
      putWall(before.current);
      setSelected(Math.max(0, before.current.places.indexOf(id ?? "")));
      before.current = undefined;
    }
  };
  const toggleSound = (id: string) => setSounding((old) => (old === id ? "" : id));
  useKeys((code, event) => {
    if (event.shiftKey && code === "KeyF") fullscreen.toggle();
    else if (event.shiftKey) return false;
    else if (code.startsWith("Arrow")) setSelected(movedSelection(selected, wall.layout, code));
    else if (code === "Digit1" || code === "Digit4" || code === "Digit9") choose(Number(code.slice(5)) as Layout);
    else if (code === "Enter") enlarge(selected);
    else if (code === "Escape" && before.current) enlarge(0);
    else if (code === "KeyS") selectedTile.current?.snapshot();
    else if (code === "KeyM") toggleSound(wall.places[selected] ?? "");
    else return false;
    return true;
  });
  return (
    <div className="bk-live">
      <CameraPicker shown={wall.places} onPick={pick} />
      <section className="bk-stage" ref={stage} aria-label={t("live.wall")}>
        <h1 className="bk-visually-hidden">{t("live.title")}</h1>
        <WallTiles
          {...{ cameras, isReading, wall, selected, sounding, setSelected, enlarge, toggleSound, selectedTile }}
          onRemove={(index) => putWall(withRemoved(wall, index))}
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
                onChange={choose}
              />
              <span className="bk-stage-hint">{t("live.hint")}</span>
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
      </section>
    </div>
  );
}

interface WallTilesProps {
  cameras: readonly Camera[];
  isReading: boolean;
  wall: Wall;
  selected: number;
  sounding: string;
  selectedTile: React.RefObject<TileActions | null>;
  setSelected: (index: number) => void;
  enlarge: (index: number) => void;
  toggleSound: (id: string) => void;
  onRemove: (index: number) => void;
  foot: React.ReactNode;
}

function WallTiles(props: WallTilesProps) {
  const { t } = useTranslation();
  const { cameras, wall, selected, sounding } = props;
  const isPhone = useMedia(isPhoneQuery);
  const byId = useMemo(() => new Map(cameras.map((camera) => [camera.id, camera])), [cameras]);
  const [rates, setRates] = useState<Record<string, number>>({});
  const onBitrate = useBitrateSetters(setRates);
  const playing = Object.values(rates).filter((rate) => rate > 0);
  return (
    <>
      <div className={`bk-wall bk-wall-${wall.layout}`}>
        {wall.places.map((id, index) => {
          const camera = byId.get(id);
          const isSelected = index === selected;
          // The place is the key: what hangs in it changes, its frame stays.
          const key = `${wall.layout}-${index}`;
          if (!camera)
            return (
              <button
                key={key}
                type="button"
                className={`bk-tile bk-tile-empty ${isSelected ? "bk-tile-selected" : ""}`}
                onClick={() => props.setSelected(index)}
              >
                {id && props.isReading ? t("live.reading") : isPhone ? t("live.emptyTilePhone") : t("live.emptyTile")}
              </button>
            );
          if (conditionOf(camera) === "absent")
            return (
              <AbsentTile
                key={`${key}-${id}`}
                camera={camera}
                isSelected={isSelected && wall.layout > 1}
                onSelect={() => props.setSelected(index)}
                onRemove={() => props.onRemove(index)}
              />
            );
          return (
            <LiveTile
              key={`${key}-${id}`}
              camera={camera}
              tiles={wall.layout}
              isSelected={isSelected && wall.layout > 1}
              hasSound={sounding === id}
              actions={isSelected ? props.selectedTile : null}
              onSelect={() => props.setSelected(index)}
              onSound={() => props.toggleSound(id)}
              onRemove={() => props.onRemove(index)}
              onEnlarge={() => props.enlarge(index)}
              onBitrate={onBitrate(id)}
            />
          );
        })}
      </div>
      <div className="bk-stage-foot">
        {props.foot}
        <span className="bk-stage-total">
          {t("live.total", {
            count: playing.length,
            mbps: (playing.reduce((sum, rate) => sum + rate, 0) / 1_000_000).toFixed(1),
          })}
        </span>
      </div>
    </>
  );
}

/** One stable callback per camera, so that a tile's effect does not run at every rendering. */
function useBitrateSetters(setRates: React.Dispatch<React.SetStateAction<Record<string, number>>>) {
  const setters = useRef(new Map<string, (bitrateBps: number) => void>());
  return (id: string) => {
    let setter = setters.current.get(id);
    if (!setter) {
      setter = (bitrateBps) => setRates((old) => (old[id] === bitrateBps ? old : { ...old, [id]: bitrateBps }));
      setters.current.set(id, setter);
    }
    return setter;
  };
}

function useFullscreen(element: React.RefObject<HTMLElement | null>) {
  const [isOn, setOn] = useState(false);
  useEffect(() => {
    const onChange = () => setOn(document.fullscreenElement !== null);
    document.addEventListener("fullscreenchange", onChange);
    return () => document.removeEventListener("fullscreenchange", onChange);
  }, []);
  const toggle = () => {
    // Refused only where the browser has no full screen (iPhone): then nothing changes.
    const done = isOn ? document.exitFullscreen() : element.current?.requestFullscreen?.();
    done?.catch(() => undefined);
  };
  return { isOn, toggle };
}
