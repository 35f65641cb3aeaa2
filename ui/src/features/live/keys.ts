/** The keys of the wall, as its help lists them. Each is bound in WallPage; docs of the design say the same. */

export interface KeyRow {
  /** Caps as they are printed; "live.spaceKey" and "live.key.arrows" are words. */
  caps: readonly string[];
  /** The sentence's key. */
  says: string;
  /** What a session must be able to do; undefined: everybody. */
  needs?: string;
}

export const wallKeys: readonly KeyRow[] = [
  { caps: ["live.key.arrows"], says: "live.key.select" },
  { caps: ["Enter"], says: "live.key.enlarge" },
  { caps: ["Esc"], says: "live.key.back" },
  { caps: ["1", "4", "6", "9", "0"], says: "live.key.layout" },
  { caps: ["Shift+F"], says: "live.key.fullscreen" },
  { caps: ["M"], says: "live.key.sound" },
  { caps: ["S"], says: "live.key.snapshot" },
  { caps: ["R"], says: "live.key.back30", needs: "camera.play" },
  { caps: ["B"], says: "live.key.mark", needs: "mark.add" },
  { caps: ["Shift+B"], says: "live.key.markNote", needs: "mark.add" },
  { caps: ["live.spaceKey"], says: "live.key.turn" },
  { caps: ["?"], says: "live.key.help" },
];
