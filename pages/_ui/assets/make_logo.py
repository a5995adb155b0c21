"""Draw Limelight's icon and its two wide logos: a lamp throws a lime beam onto a stage.

Run it again to change them: ``python pages/_ui/assets/make_logo.py``. Pillow comes with Streamlit.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

HERE = Path(__file__).parent
SCALE = 4  # drawn large and shrunk, for smooth edges
NIGHT = (21, 38, 29)
LIME = (190, 219, 57)
PALE = (240, 248, 205)
INK = (29, 42, 34)


def icon(size: int) -> Image.Image:
    """The square icon, ``size`` pixels wide, with rounded transparent corners."""
    s = size * SCALE
    ground = Image.new("RGBA", (s, s), (*NIGHT, 255))

    def at(x: float, y: float) -> tuple[int, int]:
        return round(x * s), round(y * s)

    beam = Image.new("L", (s, s), 0)
    ImageDraw.Draw(beam).polygon([at(0.27, 0.20), at(0.37, 0.145), at(0.88, 0.79), at(0.36, 0.79)], fill=205)
    beam = beam.filter(ImageFilter.GaussianBlur(s / 130))
    fade = Image.linear_gradient("L").resize((s, s)).point([255 - v // 2 for v in range(256)])
    ground.paste(Image.new("RGBA", (s, s), (*LIME, 255)), (0, 0), ImageChops.multiply(beam, fade))

    draw = ImageDraw.Draw(ground)
    draw.ellipse([*at(0.345, 0.705), *at(0.895, 0.875)], fill=LIME)
    draw.ellipse([*at(0.475, 0.745), *at(0.765, 0.835)], fill=PALE)
    lamp = Image.new("RGBA", (s, s), (0, 0, 0, 0))
    body = ImageDraw.Draw(lamp)
    body.rounded_rectangle([*at(0.17, 0.055), *at(0.39, 0.215)], radius=s // 22, fill=PALE)
    body.rounded_rectangle([*at(0.155, 0.185), *at(0.405, 0.235)], radius=s // 60, fill=LIME)
    ground.alpha_composite(lamp.rotate(30, center=at(0.28, 0.145), resample=Image.Resampling.BICUBIC))

    corners = Image.new("L", (s, s), 0)
    ImageDraw.Draw(corners).rounded_rectangle([0, 0, s - 1, s - 1], radius=round(s * 0.2), fill=255)
    ground.putalpha(corners)
    return ground.resize((size, size), Image.Resampling.LANCZOS)


def wide(ink: tuple[int, int, int], height: int = 96) -> Image.Image:
    """The icon with the name beside it, in the ink that suits the background."""
    font = ImageFont.load_default(size=height * 0.62 * SCALE)
    left, top, right, bottom = font.getbbox("Limelight")
    gap = height // 4
    text = Image.new("RGBA", (round(right - left), round(bottom - top)), (*ink, 0))
    ImageDraw.Draw(text).text((-left, -top), "Limelight", font=font, fill=(*ink, 255))
    text = text.resize((text.width // SCALE, text.height // SCALE), Image.Resampling.LANCZOS)
    picture = Image.new("RGBA", (height + gap + text.width, height), (*ink, 0))
    picture.alpha_composite(icon(height))
    # the tail of the g hangs below the line: centre the letters that stand on it
    picture.alpha_composite(text, (height + gap, (height - text.height) // 2 + height // 14))
    return picture


if __name__ == "__main__":
    icon(256).save(HERE / "limelight.png", optimize=True)
    wide(INK).save(HERE / "limelight-wide.png", optimize=True)
    wide(PALE).save(HERE / "limelight-wide-dark.png", optimize=True)
