import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

/** A heading, and facts one below the other. */
export function Panel({ word, children }: { word: string; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <section className="bk-section" aria-label={t(word)}>
      <h2>{t(word)}</h2>
      {children}
    </section>
  );
}

export function Facts({ facts }: { facts: readonly (readonly [word: string, value: ReactNode])[] }) {
  const { t } = useTranslation();
  return (
    <dl className="bk-settings-facts">
      {facts.map(([word, value]) => (
        <div key={word}>
          <dt>{t(word)}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
