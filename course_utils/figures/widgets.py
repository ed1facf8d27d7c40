"""Figures that move, each with a static twin for readers who have no kernel.

    interactive_figure(draw, {"shift": Slider(_("shift, pixels"), 0, 8, 2)}, frames=[...])

shows the controls with a picture that follows them and, below, a strip of chosen frames drawn
by the same function. The strip is a PNG in the saved notebook: it is what GitHub and nbviewer
show. Works with ipywidgets 7.7 and 8: only a slider, a dropdown, a checkbox and a PNG are
used, so nothing depends on a plotting backend. Without ipywidgets one sentence stands for the
controls.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from course_utils.figures.layout import DPI, WIDTH, png, titles
from course_utils.i18n import _

__all__ = ["Choice", "InteractiveFigure", "Slider", "Switch", "interactive_figure"]


@dataclass(frozen=True)
class Slider:
    """A number from low to high. Whole numbers where low, high and step are whole."""

    label: str
    low: float
    high: float
    start: float
    step: float = 1

    def text(self, value: float) -> str:
        whole = all(isinstance(x, int) for x in (self.low, self.high, self.step))
        return f"{self.label}: {value:g}" if whole else f"{self.label}: {value:.4g}"

    def make(self, widgets):
        whole = all(isinstance(x, int) for x in (self.low, self.high, self.step))
        kind = widgets.IntSlider if whole else widgets.FloatSlider
        return kind(
            value=self.start,
            min=self.low,
            max=self.high,
            step=self.step,
            description=self.label,
            **_wide(widgets),
        )


@dataclass(frozen=True)
class Choice:
    """One of several values. options: text for the reader -> value."""

    label: str
    options: Mapping[str, object]
    start: object

    def text(self, value) -> str:
        words = next(word for word, option in self.options.items() if option == value)
        return f"{self.label}: {words}"

    def make(self, widgets):
        return widgets.Dropdown(
            options=list(self.options.items()),
            value=self.start,
            description=self.label,
            **_wide(widgets),
        )


@dataclass(frozen=True)
class Switch:
    """Yes or no."""

    label: str
    start: bool

    def text(self, value: bool) -> str:
        word = _("yes") if value else _("no")
        return f"{self.label}: {word}"

    def make(self, widgets):
        return widgets.Checkbox(
            value=self.start, description=self.label, indent=False, **_wide(widgets)
        )


Control = Slider | Choice | Switch
Draw = Callable[..., object]


class InteractiveFigure:
    """A drawing function, its controls and its static twin; shows itself in a notebook.

    The picture is redrawn whenever a control moves. `redraw(**values)` does the same from code
    and returns the PNG; `strip` is the static twin's PNG, `words` what it shows: the values
    and the titles of each frame.
    """

    def __init__(
        self,
        draw: Draw,
        controls: Mapping[str, Control],
        frames: Sequence[Mapping[str, object]],
        *,
        height: float = 3.0,
        columns: int | None = None,
    ):
        for frame in frames:
            _require_known(frame, controls)
        if not frames:
            raise ValueError("Expected at least one frame for the static twin, got none.")
        self.draw, self.controls, self.height = draw, dict(controls), height
        self.values = {name: control.start for name, control in controls.items()}
        self.frames = [self.values | dict(frame) for frame in frames]
        self.columns = columns or len(frames)
        self.strip, self.words = self._strip()
        self.widget = self._widget()

    def redraw(self, **values) -> bytes:
        """Draw with these values of the controls (the others keep theirs); returns the PNG."""
        _require_known(values, self.controls)
        self.values |= values
        figure = Figure(figsize=(WIDTH, self.height), dpi=DPI, layout="constrained")
        self.draw(figure, **self.values)
        return png(figure, tight=False)  # of one size, or the page would jump

    def __repr__(self) -> str:
        return _("An interactive figure: run the cell to move its controls.")

    def _ipython_display_(self) -> None:
        from IPython.display import display

        if self.widget is None:
            sentence = _(
                "Nothing moves here: ipywidgets is not installed. It will move after "
                "`pip install ipywidgets` and a restart. Below are chosen frames."
            )
            display({"text/plain": sentence}, raw=True)
        else:
            view = {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self.widget.model_id,
            }
            bundle = {
                "text/plain": repr(self),
                "application/vnd.jupyter.widget-view+json": view,
            }
            display(bundle, raw=True)
        caption = _("Without a kernel: chosen frames of the figure above.")
        display(
            {"text/plain": caption, "image/png": b64encode(self.strip).decode()},
            metadata={"image/png": {"alt": self.words}},
            raw=True,
        )

    def _strip(self) -> tuple[bytes, str]:
        """The chosen frames, each under the values that it was drawn with; and their words."""
        rows = -(-len(self.frames) // self.columns)
        size = (WIDTH, self.height * rows * (1 if self.columns == 1 else 0.85))
        figure = Figure(figsize=size, dpi=DPI, layout="constrained")
        cells = figure.subfigures(rows, self.columns, squeeze=False).flat
        words = []
        for cell, frame in zip(cells, self.frames, strict=False):
            self.draw(cell, **frame)
            caption = self._caption(frame)
            cell.suptitle(caption, fontsize=8, style="italic")
            words.append((caption, titles(cell)))
        return png(figure), _of_frames(words)

    def _caption(self, frame: Mapping[str, object]) -> str:
        """The values of the controls that this frame moved from their start."""
        moved = [
            control.text(frame[name])
            for name, control in self.controls.items()
            if frame[name] != control.start or len(self.controls) == 1
        ]
        return ", ".join(moved) or _("at the start")

    def _widget(self):
        try:
            import ipywidgets
        except ImportError:
            return None
        picture = ipywidgets.Image(value=self.redraw(), format="png")
        picture.layout.max_width = "100%"
        picture.layout.align_self = "flex-start"  # stretched to the page's width it would blur
        boxes = {name: control.make(ipywidgets) for name, control in self.controls.items()}

        def moved(name):
            def handler(change):
                picture.value = self.redraw(**{name: change["new"]})

            return handler

        for name, box in boxes.items():
            box.observe(moved(name), names="value")
        self.boxes, self.picture = boxes, picture
        return ipywidgets.VBox([*boxes.values(), picture])


def interactive_figure(
    draw: Draw,
    controls: Mapping[str, Control],
    frames: Sequence[Mapping[str, object]],
    *,
    height: float = 3.0,
    columns: int | None = None,
) -> InteractiveFigure:
    """A figure that follows its controls, with chosen frames for readers without a kernel.

    draw(figure, **values): draws into a Figure or SubFigure; values are named as the controls.
    frames: values for the static twin; a control that a frame leaves out stands at its start.
    height: inches, of the moving figure. columns: frames side by side in the twin.
    """
    return InteractiveFigure(draw, controls, frames, height=height, columns=columns)


def _of_frames(words: Sequence[tuple[str, str]]) -> str:
    """Captions and titles of the frames as one text; titles that all share are said once."""
    titles_found = {found for _caption, found in words}
    if len(titles_found) == 1 and titles_found != {""}:
        captions = "; ".join(caption for caption, _found in words)
        return _("{titles}. Frames: {captions}").format(titles=words[0][1], captions=captions)
    return ". ".join(f"{caption}: {found}" if found else caption for caption, found in words)


def _require_known(values: Mapping[str, object], controls: Mapping[str, Control]) -> None:
    if unknown := set(values) - set(controls):
        raise ValueError(f"Expected values of {sorted(controls)}, got {sorted(unknown)}.")


def _wide(widgets) -> dict:
    """Room for a label of several words; the layout of ipywidgets 7 and 8 alike."""
    return {
        "style": {"description_width": "initial"},
        "layout": widgets.Layout(width="420px"),
    }
