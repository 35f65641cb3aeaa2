import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type Overview, type OverviewArea, outlinesQuery } from "@/shared/api/overview";
import { drawOutlines, placeTiles, type Shape } from "./geometry";
import { type Measure, mostOf, type Reading, readMeasure } from "./measures";

const size = { width: 420, height: 460 };
const insetSize = { width: 260, height: 270 };
const margin = 12;

interface MapProps {
  overview: Overview;
  measure: Measure;
  /** Where an area leads; undefined: it is to be looked at only. */
  hrefOf?: (area: OverviewArea) => string;
  /** The real outlines need room for their words. */
  isNarrow?: boolean;
}

/** The areas with a value printed on each: real outlines where the installation has them, else one tile for each area. */
export function CityMap({ overview, measure, hrefOf, isNarrow = false }: MapProps) {
  const { t } = useTranslation();
  const outlines = useQuery(outlinesQuery).data;
  const { areas } = overview;
  const drawn = useMemo(
    () =>
      outlines && !isNarrow
        ? drawOutlines(
            outlines,
            areas.map(({ code }) => code),
            size,
            insetSize,
          )
        : undefined,
    [outlines, areas, isNarrow],
  );
  const most = mostOf(areas, measure);
  const readings = new Map(areas.map((area) => [area.code, readMeasure(area, measure, most)]));
  if (areas.length === 0) return <p className="bk-muted">{t("overview.noAreas")}</p>;
  return drawn ? (
    <svg
      className="bk-outlines"
      viewBox={`${-margin} ${-margin} ${size.width + 2 * margin + (drawn.inset.length > 0 ? insetSize.width + 24 : 0)} ${size.height + 2 * margin}`}
      aria-label={t("overview.map")}
    >
      <Shapes shapes={drawn.shapes} hidden={drawn.inset} {...{ areas, readings, hrefOf }} />
      {drawn.inset.length > 0 && (
        <g transform={`translate(${size.width + 12} 0)`}>
          <rect
            className="bk-inset"
            x={-10}
            y={-10}
            width={insetSize.width + 20}
            height={insetSize.height + 44}
            rx={6}
          />
          <text className="bk-inset-name" x={0} y={insetSize.height + 24}>
            {t("overview.inset")}
          </text>
          <Shapes shapes={drawn.inset} hidden={[]} {...{ areas, readings, hrefOf }} />
        </g>
      )}
    </svg>
  ) : (
    <>
      <Tiles {...{ areas, readings, hrefOf }} />
      <p className="bk-map-note">
        {t(areas.every((area) => area.longitude_deg !== null) ? "overview.tilesBySeat" : "overview.tilesInOrder")}
      </p>
    </>
  );
}

interface DrawProps {
  areas: readonly OverviewArea[];
  readings: Map<string, Reading>;
  hrefOf: ((area: OverviewArea) => string) | undefined;
}

function Tiles({ areas, readings, hrefOf }: DrawProps) {
  const { tracks, tiles } = useMemo(() => placeTiles(areas), [areas]);
  return (
    <ul className="bk-area-tiles" style={{ gridTemplateColumns: `repeat(${tracks}, minmax(0, 1fr))` }}>
      {tiles.map(({ code, column, span, row }) => {
        const area = areas.find((each) => each.code === code);
        const reading = readings.get(code);
        if (!area || !reading) return null;
        const content = (
          <>
            <span className="bk-area-tile-name">{area.name}</span>
            <strong className="bk-area-tile-value">{reading.text}</strong>
            {reading.under && <span className="bk-area-tile-under">{reading.under}</span>}
          </>
        );
        const look = `bk-area-tile bk-step-${reading.step ?? "none"}`;
        return (
          <li key={code} style={{ gridColumn: `${column} / span ${span}`, gridRow: row }}>
            {hrefOf ? (
              <Link className={look} to={hrefOf(area)}>
                {content}
              </Link>
            ) : (
              <div className={look}>{content}</div>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function Shapes({ shapes, hidden, areas, readings, hrefOf }: DrawProps & { shapes: Shape[]; hidden: Shape[] }) {
  return shapes.map(({ code, path, label }) => {
    const area = areas.find((each) => each.code === code);
    const reading = readings.get(code);
    if (!area || !reading) return null;
    const isWordless = hidden.some((shape) => shape.code === code); // its words stand in the inset
    const content = (
      <>
        <path className={`bk-step-${reading.step ?? "none"}`} d={path} fillRule="evenodd" />
        {!isWordless && (
          <text className={`bk-step-${reading.step ?? "none"}`} x={label.x} y={label.y}>
            <tspan x={label.x} dy="-0.2em">
              {area.name}
            </tspan>
            <tspan className="bk-outline-value" x={label.x} dy="1.25em">
              {reading.text}
            </tspan>
          </text>
        )}
      </>
    );
    if (!hrefOf) return <g key={code}>{content}</g>;
    return (
      <Link key={code} to={hrefOf(area)} aria-label={`${area.name} ${reading.text}`}>
        {content}
      </Link>
    );
  });
}
