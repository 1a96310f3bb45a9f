"""torchvision's downloads, whose failure is one line that says what to do instead."""

from pathlib import Path

from gan_lab.common.downloads import may_download
from gan_lab.common.paths import expanded


def or_by_hand(name: str, root: str | Path, by_hand: str) -> None:
    """Let torchvision download its dataset `name` into `root`.

    Raises FileNotFoundError, which says `by_hand`, if it cannot or must not.
    """
    if not may_download():
        raise FileNotFoundError(
            f"{name} is not under {root}, and nothing is downloaded to a place that the config of "
            f"a run names: {by_hand}"
        )
    import torchvision.datasets  # costs 1.5 s, and only a first run needs it

    try:
        getattr(torchvision.datasets, name)(str(expanded(root)), download=True)
    except Exception as error:  # what the network, the archive or the downloader raises
        text = str(error).strip()
        reason = text.splitlines()[0].rstrip(".:") if text else type(error).__name__
        raise FileNotFoundError(
            f"{name} is not under {root} and could not be downloaded there ({reason}): {by_hand}"
        ) from error
