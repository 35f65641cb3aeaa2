import { useTranslation } from "react-i18next";
import type { Numbers } from "@/shared/api/numbers";
import { formatCount, formatShare } from "@/shared/numbers/share";
import { figuresOf, openedBy, wordsOf } from "./figures";

const counts = ["due", "signed", "installed", "online", "accepted"] as const;
const rates = [
  { key: "completed_rate", raw: undefined },
  { key: "signed_rate", raw: undefined },
  { key: "online_now_rate", raw: "online_now_raw_rate" },
  { key: "online_hours_rate", raw: undefined },
  { key: "online_day_rate", raw: "online_day_raw_rate" },
] as const;

/** The totals. Each is a button that opens what it counts; its definition is its title. */
export function Summary({ numbers, onOpen }: { numbers: Numbers; onOpen: (key: string) => void }) {
  const { t } = useTranslation();
  return (
    <ul className="bk-figures">
      {counts.map((key) => (
        <li key={key}>
          <Figure numbers={numbers} name={key} onOpen={onOpen} value={formatCount(numbers.total.values[key] ?? 0)} />
        </li>
      ))}
      {rates
        .filter(({ key }) => numbers.total.rates[key] !== undefined)
        .map(({ key, raw }) => {
          const found = figuresOf(numbers, numbers.total, key);
          const parts =
            found.isRate && found.whole !== undefined
              ? `${formatCount(found.part ?? 0)}/${formatCount(found.whole)}`
              : numbers.day;
          const rawShare = raw ? numbers.total.rates[raw] : undefined;
          return (
            <li key={key}>
              <Figure
                numbers={numbers}
                name={key}
                onOpen={onOpen}
                value={formatShare(numbers.total.rates[key])}
                under={parts}
                {...(rawShare === undefined ? {} : { raw: t("numbers.raw", { share: formatShare(rawShare) }) })}
              />
            </li>
          );
        })}
    </ul>
  );
}

interface FigureProps {
  numbers: Numbers;
  name: string;
  value: string;
  under?: string;
  raw?: string;
  onOpen: (key: string) => void;
}

function Figure({ numbers, name, value, under, raw, onOpen }: FigureProps) {
  const words = wordsOf(numbers, name);
  const content = (
    <>
      <span className="bk-figure-name">{words.name}</span>
      <span className="bk-figure-value">{value}</span>
      {under && <span className="bk-figure-under">{under}</span>}
      {raw && <span className="bk-figure-under">{raw}</span>}
    </>
  );
  return openedBy(numbers, name) ? (
    <button type="button" className="bk-figure" title={words.definition} onClick={() => onOpen(name)}>
      {content}
    </button>
  ) : (
    <div className="bk-figure" title={words.definition}>
      {content}
    </div>
  );
}
