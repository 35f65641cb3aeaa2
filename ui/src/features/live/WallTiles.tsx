import { type Dispatch, type ReactNode, type SetStateAction, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Camera } from "@/shared/api/cameras";
import { conditionOf } from "@/shared/camera/condition";
import { isPhoneQuery, useMedia } from "@/shared/useMedia";
import { AbsentTile } from "./AbsentTile";
import { LiveTile } from "./LiveTile";
import type { Dragging } from "./useDragging";
import { type TileFacts, useTileFacts } from "./useTileFacts";
import type { WallState } from "./WallPage";
import { WallWatermark } from "./Watermark";
import { noPlace, tilesAround } from "./wall";

interface Props extends WallState {
  isReading: boolean;
  isFullscreen: boolean;
  dragging: Dragging;
  onMark: (camera: Camera, atMs: number, wantsNote: boolean) => void;
  foot: ReactNode;
}

/** Pictures so small, or seen by so many, that one mark lies over all of them. */
const smallFrom = 16;

export function WallTiles(props: Props) {
  const { t } = useTranslation();
  const { wall, large, turning } = props;
  const byId = useMemo(() => new Map(props.cameras.map((camera) => [camera.id, camera])), [props.cameras]);
  const [rates, setRates] = useState<Record<string, number>>({});
  const onBitrate = useBitrateSetters(setRates, props.onPlaying);
  const playing = Object.values(rates).filter((rate) => rate > 0);
  const hasOneMark = props.isFullscreen || (wall.layout >= smallFrom && large === noPlace);
  const places = wall.places.map((id, place) => ({ id, place, camera: byId.get(id) }));
  const factsOf = useTileFacts(places.flatMap(({ camera }) => camera ?? []));
  const ahead = turning.ahead.map((id) => ({ id, place: noPlace, camera: byId.get(id) }));
  return (
    <>
      <div className={`bk-wall bk-wall-${large === noPlace ? wall.layout : 1}`}>
        {/* A camera is its tile's key: where it hangs may change, its picture goes on. */}
        {[...places, ...ahead].map(({ id, place, camera }) =>
          camera ? (
            <HungTile
              key={id}
              {...props}
              {...{ camera, place, hasOneMark, ...factsOf(camera) }}
              onBitrate={onBitrate(id)}
            />
          ) : (
            place !== noPlace && <EmptyTile key={`empty-${place}`} {...props} id={id} place={place} />
          ),
        )}
        {hasOneMark && <WallWatermark />}
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

function useDropWord({ dragging }: Props, place: number): string | undefined {
  const { t } = useTranslation();
  return dragging.over?.target === place ? t(`live.drop.${dragging.over.drop}`) : undefined;
}

function EmptyTile(props: Props & { id: string; place: number }) {
  const { t } = useTranslation();
  const { id, place, large } = props;
  const isPhone = useMedia(isPhoneQuery);
  const dropWord = useDropWord(props, place);
  const isSelected = place === props.selected;
  const isBehind = large !== noPlace;
  const words = props.turn ? t("live.turnEmpty") : isPhone ? t("live.emptyTilePhone") : t("live.emptyTile");
  return (
    <button
      type="button"
      className={`bk-tile bk-tile-empty ${isSelected ? "bk-tile-selected" : ""} ${isBehind ? "bk-tile-behind" : ""} ${dropWord ? "bk-tile-target" : ""}`}
      {...(isBehind ? {} : { "data-place": place })}
      inert={isBehind}
      onClick={() => props.select(place)}
    >
      {dropWord ? (
        <span className="bk-drop-word">{dropWord}</span>
      ) : id && (props.isReading || props.found.isReading) ? (
        t("live.reading")
      ) : (
        words
      )}
    </button>
  );
}

interface HungProps extends Props, TileFacts {
  camera: Camera;
  place: number;
  hasOneMark: boolean;
  onBitrate: (bitrateBps: number) => void;
}

function HungTile(props: HungProps) {
  const { camera, place, wall, large, selected, replays } = props;
  const dropWord = useDropWord(props, place);
  const isLarge = place === large && place !== noPlace;
  const shared = {
    camera,
    place,
    dropWord,
    isSelected: place === selected && wall.layout > 1 && large === noPlace,
    isBehind: place === noPlace || (large !== noPlace && !isLarge),
    onSelect: () => {
      if (place !== selected) props.select(place);
    },
  };
  if (conditionOf(camera) === "absent") return <AbsentTile {...shared} onRemove={() => props.remove(place)} />;
  return (
    <LiveTile
      {...shared}
      opening={props.opening}
      fault={props.fault}
      tiles={isLarge ? 1 : tilesAround(wall.layout, place)}
      isEnlarged={isLarge}
      canEnlarge={wall.layout > 1}
      hasSound={props.sounding === camera.id}
      hasWatermark={!props.hasOneMark}
      replayFromMs={replays[camera.id]}
      actions={place === selected ? props.selectedTile : null}
      onDragBegin={(event) => props.dragging.begin(event, { kind: "place", id: camera.id, from: place }, camera.name)}
      onSound={() => props.toggleSound(camera.id)}
      onMark={(atMs, wantsNote) => props.onMark(camera, atMs, wantsNote)}
      onReplay={(fromMs) => props.replay(camera.id, fromMs)}
      onRemove={props.turn ? undefined : () => props.remove(place)}
      onEnlarge={() => props.enlarge(place)}
      onBitrate={props.onBitrate}
    />
  );
}

/** One stable callback per camera, so that a tile's effect does not run at every rendering. */
function useBitrateSetters(
  setRates: Dispatch<SetStateAction<Record<string, number>>>,
  onPlaying: (camera: string, isPlaying: boolean) => void,
) {
  const setters = useRef(new Map<string, (bitrateBps: number) => void>());
  return (id: string) => {
    let setter = setters.current.get(id);
    if (!setter) {
      setter = (bitrateBps) => {
        onPlaying(id, bitrateBps > 0);
        setRates((old) => (old[id] === bitrateBps ? old : { ...old, [id]: bitrateBps }));
      };
      setters.current.set(id, setter);
    }
    return setter;
  };
}
