"""`python -m brightkitchen_sim.scenes --out DIR`: stills, contact sheets or clips, for looking at."""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image

from .library import SCENES, SceneSpec, build_film, ensure_audio, ensure_clips, find_scene


def _still(spec: SceneSpec, at_s: float) -> Image.Image:
    film = build_film(spec)
    return Image.fromarray(film.picture(round(at_s * film.shape.fps)).to_rgb())


def main() -> None:
    """Parse the command line and draw."""
    parser = argparse.ArgumentParser(prog="brightkitchen_sim.scenes", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for pictures and clips")
    parser.add_argument("--only", metavar="KEY", help="one scene; without it all")
    parser.add_argument("--frame", metavar="N.png", help="write one picture: its number and .png")
    parser.add_argument("--at", type=float, metavar="S", help="second of the loop for stills (default: in the event)")
    parser.add_argument("--clips", choices=("h264", "h265"), help="make the clips instead of pictures")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    specs = [find_scene(options.only)] if options.only else list(SCENES)
    if options.clips:
        for spec in specs:
            print(ensure_clips(options.out, spec, codec=options.clips).main)
        for codec in ("pcma", "pcmu", "aac"):
            print(ensure_audio(options.out, codec))
        return
    thumbs = []
    for spec in specs:
        at_s = options.at if options.at is not None else (14.0 if spec.events else 3.0)
        picture = _still(spec, int(Path(options.frame).stem) / 25 if options.frame else at_s)
        name = options.frame or f"{spec.key}.png"
        picture.save(options.out / name)
        thumbs.append(picture.resize((640, 360)))
        print(options.out / name)
    if len(thumbs) > 1:
        rows = (len(thumbs) + 2) // 3
        sheet = Image.new("RGB", (1920, 360 * rows))
        for n, thumb in enumerate(thumbs):
            sheet.paste(thumb, (n % 3 * 640, n // 3 * 360))
        sheet.save(options.out / "sheet.png")


if __name__ == "__main__":
    main()
